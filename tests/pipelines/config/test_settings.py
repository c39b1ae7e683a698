"""leadgain.toml and the environment, read once at the door."""

import re
from pathlib import Path

import pytest

from crm.checks.check import Gate
from crm.errors import ConfigurationError
from features.snapshots import ListPolicy
from models.evaluation.backtest import DEFAULT_TIER_SHARES
from models.evaluation.bootstrap import SAMPLES
from models.registry.types import Registry
from pipelines.config.sections import (
    AlarmsSection,
    BacktestSection,
    GateSection,
    ListsSection,
    TiersSection,
    TrackingSection,
)
from pipelines.config.settings import load_alarms, load_settings

SHIPPED = Path(__file__).parents[3] / "data" / "loan_applications" / "leadgain.toml"
SMALLEST = '[leads]\nfile = "leads.csv"\n'


def load_settings_from(tmp_path: Path, text: str):
    file = tmp_path / "leadgain.toml"
    file.write_text(text)
    return load_settings(file)


def find_refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as refusal:
        load_settings_from(tmp_path, text)
    return str(refusal.value)


def test_the_shipped_configuration_is_understood():
    settings = load_settings(SHIPPED)
    assert settings.leads.profile_columns == ("amount_requested",)
    assert settings.activities is not None
    assert settings.activities.direction == "direction"
    assert settings.mapping.folder == SHIPPED.parent


def test_a_leads_file_is_all_that_must_be_said(tmp_path):
    settings = load_settings_from(tmp_path, SMALLEST)
    assert settings.lists.horizon_days == 30
    assert settings.tiers.shares == {"A": 0.3, "B": 0.4, "C": 0.3}
    assert settings.activities is None


def test_the_defaults_of_the_configuration_are_those_of_the_code():
    assert Gate(**GateSection().model_dump()) == Gate()
    assert ListPolicy(**ListsSection().model_dump()) == ListPolicy()
    assert TiersSection().shares == DEFAULT_TIER_SHARES
    assert BacktestSection().bootstrap_samples == SAMPLES
    tracking, embedded = TrackingSection(), Registry("")
    assert (tracking.experiment, tracking.model) == (embedded.experiment, embedded.model_name)


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(ConfigurationError, match=r"is a folder; --config wants a leadgain\.toml"):
        load_settings(tmp_path)


def test_every_key_of_the_design_is_known(tmp_path):
    settings = load_settings_from(
        tmp_path,
        """
        [export]
        folder = "exports"
        timezone = "Europe/Amsterdam"
        [leads]
        file = "leads.csv"
        lead_id = "Id"
        created_at = "CreatedDate"
        converted_at = "ClosedDate"
        closed_at = "ClosedDate"
        converted_when = { Stage = ["Won"] }
        closed_when = { Stage = ["Lost", "Disqualified"] }
        owner_id = "OwnerId"
        profile = { Amount = "number", Industry = "category" }
        [activities]
        file = "activities.parquet"
        direction = { email_open = "inbound", call = "outbound" }
        rep_id = "rep"
        [outcomes]
        file = "outcomes.csv"
        [lists]
        policy = "on_arrival"
        every_days = 14
        delay_hours = 2
        horizon_days = 60
        max_age_days = 90
        [freshness]
        by = "created"
        [tiers]
        A = 0.2
        B = 0.3
        C = 0.5
        mode = "frozen"
        """,
    )
    assert settings.mapping.folder == tmp_path / "exports"
    assert settings.leads.declared_kinds == {"Amount": "number", "Industry": "category"}
    assert settings.leads.closed_when == {"Stage": ("Lost", "Disqualified")}


def test_the_environment_overrides_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_LISTS__HORIZON_DAYS", "14")
    monkeypatch.setenv("LEADGAIN_HOME", "/srv/leadgain")  # the command's, not a setting
    assert (
        load_settings_from(tmp_path, SMALLEST + "[lists]\nhorizon_days = 60\n").lists.horizon_days
        == 14
    )


def test_a_mistyped_key_is_refused_with_the_nearest_known_one(tmp_path):
    message = find_refusal(tmp_path, '[leads]\nfile = "leads.csv"\ncreated_att = "x"\n')
    assert (
        "[leads] created_att is not a key that leadgain knows. Did you mean 'created_at'?"
        in message
    )
    assert str(tmp_path / "leadgain.toml") in message


def test_a_mistyped_section_is_refused_with_the_nearest_known_one(tmp_path):
    message = find_refusal(tmp_path, SMALLEST + "[activites]\nfile = 'a.csv'\n")
    assert "Did you mean 'activities'?" in message


def test_a_mistyped_variable_of_the_environment_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_LISTS__HORIZONDAYS", "14")
    assert "Did you mean 'horizon_days'?" in find_refusal(tmp_path, SMALLEST)


def test_a_mistyped_section_in_the_environment_is_refused(tmp_path, monkeypatch):
    """It would change nothing, and nobody would notice."""
    monkeypatch.setenv("LEADGAIN_LIST__HORIZON_DAYS", "14")
    message = find_refusal(tmp_path, SMALLEST)
    assert "LEADGAIN_LIST__HORIZON_DAYS (environment): [list] is not a key" in message
    assert "Did you mean 'lists'?" in message


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("LEADGAIN_LISTS_HORIZON_DAYS", "LEADGAIN_LISTS__HORIZON_DAYS"),
        ("LEADGAIN_ALARMS_WEBHOOK", "LEADGAIN_ALARMS__WEBHOOK"),
        ("LEADGAIN_HOEM", "LEADGAIN_HOME"),
        ("LEADGAIN_HOMES", "LEADGAIN_HOME"),
    ],
)
def test_a_variable_that_would_change_nothing_is_refused(tmp_path, monkeypatch, variable, meant):
    monkeypatch.setenv(variable, "14")
    assert find_refusal(tmp_path, SMALLEST) == (
        f"{variable} (environment) is not a variable that leadgain knows, and changes nothing. Did "
        f"you mean {meant}?"
    )


def test_variables_that_are_for_others_are_left_alone(tmp_path, monkeypatch):
    for name in ("HOME", "CODE", "CONFIG", "FAILPOINT", "EXPORT_JOB", "BACKUP", "HOST"):
        monkeypatch.setenv(f"LEADGAIN_{name}", "x")
    load_settings_from(tmp_path, SMALLEST)


@pytest.mark.parametrize(
    "broken", [b"[lists]\nevery_days = = 7\n", b"[[[", b"[lists]\npolicy = '\xff'\n"]
)
@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_is_no_toml_elsewhere_still_names_who_is_told(tmp_path, broken, first):
    hook = "https://hooks.example.com/x"
    alarms = f"[alarms]  # the night\nwebhook = '{hook}'\n".encode()
    file = tmp_path / "leadgain.toml"
    file.write_bytes(alarms + broken if first else broken + b"\n" + alarms)
    assert load_alarms(file).webhook.get_secret_value() == hook


def test_a_file_that_is_no_text_says_what_to_do(tmp_path):
    file = tmp_path / "leadgain.toml"
    file.write_bytes(SMALLEST.encode("utf-16"))
    with pytest.raises(ConfigurationError, match=r"UTF-8 \(byte 0 .* Save it as UTF-8\.$"):
        load_settings(file)


def test_the_environment_does_not_move_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_FILE", "/etc/leadgain.toml")
    assert load_settings_from(tmp_path, SMALLEST).mapping.folder == tmp_path


def test_lists_of_the_environment_are_json(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_LEADS__PROFILE", '["Industry"]')
    assert load_settings_from(tmp_path, SMALLEST).leads.profile == ("Industry",)
    monkeypatch.setenv("LEADGAIN_LEADS", "{")
    assert "[leads] must be a section, found '{'" in find_refusal(tmp_path, SMALLEST)


@pytest.mark.parametrize(
    ("leads", "told"),
    [
        ("profile = 'a'", "profile must be a list of columns, or a table from column to kind"),
        ("profile = [1]", "profile.0 must be a valid string, found 1."),
        ("profile = { a = 'money' }", "profile.a must be 'number', 'category', 'yes_no', 'date'"),
    ],
)
def test_a_key_that_may_be_written_in_two_ways_is_told_of_once(tmp_path, leads, told):
    message = find_refusal(tmp_path, f"{SMALLEST}{leads}\n")
    assert f"[leads] {told}" in message
    assert "\n" not in message


def test_all_findings_are_told_at_once(tmp_path):
    message = find_refusal(
        tmp_path,
        SMALLEST + '[lists]\nhorizon_days = "soon"\nevery_days = 0\n[freshness]\nby = "x"\n',
    )
    assert "[lists] horizon_days" in message
    assert "found 'soon'" in message
    assert "[lists] every_days" in message
    assert "[freshness] by" in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"\[leads\] is missing"),
        ("[leads]\n", "exactly one of file, table or query, found none of them"),
        (SMALLEST + "[tiers]\nA = 0.5\n", r"A \+ B \+ C must be 1, found 1.2"),
        (SMALLEST + '[export]\ntimezone = "Mars/Olympus"\n', "'Mars/Olympus' is not a time zone"),
        (
            '[leads]\ntable = "leads"\n',
            r"\[leads\] names a table or query, but \[export\] has no database",
        ),
        ("[leads\n", "is not readable as TOML"),
        (SMALLEST + "[activities]\nfile='a.csv'\ndirection = { call = 'sideways' }\n", "direction"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, text, told):
    with pytest.raises(ConfigurationError, match=told):
        load_settings_from(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"There is no .*nowhere\.toml"):
        load_settings(tmp_path / "nowhere.toml")


def test_the_password_of_a_database_is_never_shown(tmp_path):
    settings = load_settings_from(
        tmp_path,
        '[export]\ndatabase = "postgresql://u:canary@h/d"\n[leads]\ntable = "leads"\n',
    )
    assert "canary" not in repr(settings) + settings.model_dump_json() + repr(settings.mapping)
    message = find_refusal(
        tmp_path,
        '[export]\ndatabase = "postgresql://u:canary@h/d"\nzone = 1\n[leads]\ntable = "leads"\n',
    )
    assert "canary" not in message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LEADGAIN_ALARMS__WEBHOOK", "hooks.example.com/services/GEHEIM"),
        ("LEADGAIN_ALARMS__SMTP", "me:GEHEIM@mail.example.com:587"),
        ("LEADGAIN_ALARMS__SMTP", "smtp://me:GEHEIM/x@mail.example.com:587"),
    ],
)
def test_a_secret_that_is_not_understood_is_not_quoted(tmp_path, monkeypatch, variable, value):
    """What is said of it goes into the log."""
    file = tmp_path / "leadgain.toml"
    file.write_text('[leads]\nfile = "leads.csv"\n')
    monkeypatch.setenv(variable, value)
    (told,) = load_settings(file).alarms.mistakes
    assert re.search(r"\[alarms\] \w+ must", told)
    assert "GEHEIM" not in told + repr(load_settings(file))
    monkeypatch.delenv(variable)
    file.write_text(f'alarms = "{value}"\n[leads]\nfile = "leads.csv"\n')
    (told,) = load_settings(file).alarms.mistakes
    assert "[alarms] must be a section" in told
    assert "GEHEIM" not in told


# [alarms]: loud, and nobody is kept from the list.


def load_alarms_from(folder: Path, *lines: str) -> AlarmsSection:
    return load_settings_from(folder, "\n".join((SMALLEST, "[alarms]", *lines))).alarms


def test_a_mistake_in_alarms_is_told_and_stops_nothing(tmp_path):
    found = load_alarms_from(tmp_path, 'email_to = ["ann@example.com"]')
    assert found.mistakes == (
        f"{tmp_path / 'leadgain.toml'}: [alarms] email_to is set but smtp is not; name the server "
        "that sends it. Nobody is told when a run fails.",
    )
    assert found.email_to == ()


def test_the_way_that_holds_good_stays(tmp_path):
    hook = 'webhook = "https://hooks.example.com/x"'
    (told,) = (found := load_alarms_from(tmp_path, hook, 'email_to = ["ann@example.com"]')).mistakes
    assert told.endswith("Only the webhook is told when a run fails.")
    assert found.webhook is not None
    mail = ('email_to = "ann@example.com"', 'smtp = "smtp://mail.example.com"')
    (told,) = (found := load_alarms_from(tmp_path, *mail, 'webhok = "x"')).mistakes
    assert "[alarms] webhok is not a key that leadgain knows. Did you mean 'webhook'?" in told
    assert told.endswith("Only the people of email_to are told when a run fails.")
    (told,) = (found := load_alarms_from(tmp_path, *mail, hook, "retries = 3")).mistakes
    assert "[alarms] retries is not a key that leadgain knows. Known are " in told
    assert "when a run fails" not in told
    assert (found.email_to, found.webhook is not None) == (("ann@example.com",), True)


def test_a_mistake_elsewhere_still_refuses_the_file(tmp_path):
    refused = find_refusal(tmp_path, SMALLEST + "[lists]\nhorizon = 3\n[alarms]\nretries = 3\n")
    assert "[lists] horizon is not a key" in refused


def test_one_address_may_stand_alone_as_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_ALARMS__SMTP", "smtp://mail.example.com")
    monkeypatch.setenv("LEADGAIN_ALARMS__EMAIL_TO", "ann@example.com, ben@example.com")
    found = load_alarms_from(tmp_path)
    assert found.email_to == ("ann@example.com", "ben@example.com")
    assert found.mistakes == ()


def test_an_environment_that_is_no_section_stops_nothing_either(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_ALARMS", "smtp://me:GEHEIM@mail")
    (told,) = load_settings_from(tmp_path, SMALLEST).alarms.mistakes
    assert "[alarms] must be a section. Nobody is told when a run fails." in told
