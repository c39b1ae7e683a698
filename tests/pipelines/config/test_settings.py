"""leadgain.toml and the environment, read once at the door."""

from pathlib import Path

import pytest

from crm.errors import ConfigurationError
from pipelines.config.settings import load_alerts, load_settings

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


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(ConfigurationError, match=r"is a folder; --config needs a leadgain\.toml"):
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
        ("LEADGAIN_ALERTS_URLS", "LEADGAIN_ALERTS__URLS"),
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
        ("[leads\n", "is not readable as TOML.* or the one before"),
        (
            '[export]\nfolder = "C:\\Users\\me"\n',
            "line 2.* Windows path with / or in single",
        ),
        ('[export]\nfolder = "C:\\exports"\n', "line 2.* Windows path with / or in single"),
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


AMBIGUOUS = {
    "a port that is none": "://crm:canary@h:xcanary/db",
    "an @ in the password": "://crm:can@canary@h/db",
    "an @ and a slash": "://crm:c@n/canary@h/db",
    "a slash": "://crm:12/canary@h/db",
    "a question mark": "://crm:a?canary@h/db",
    "a hash": "://crm:a#canary@h/db",
    "a bracket": "://crm:can[ary@h/db",
    "an @, with a driver of its own": "+cx_db://crm:can@canary@h/db",
}


@pytest.mark.parametrize("key", ["export.database", "tracking.uri"])
@pytest.mark.parametrize("rest", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_url_that_can_be_read_in_two_ways_is_refused_before_anybody_connects(tmp_path, key, rest):
    section, name = key.split(".")
    text = f'[{section}]\n{name} = "postgresql{rest}"\n[leads]\ntable = "leads"\n'
    message = find_refusal(tmp_path, text)
    assert f"[{section}] {name} is a URL" in message
    assert "write @ as %40" in message
    assert "canary" not in message


def test_a_path_may_hold_an_at_sign(tmp_path):
    url = "sqlite:////home/me@example/crm.db"
    settings = load_settings_from(tmp_path, f'[tracking]\nuri = "{url}"\n{SMALLEST}')
    assert settings.tracking.uri == url


@pytest.mark.parametrize("value", ["hooks.example.com/SECRET", '["slack://ok/x", "SECRET"]'])
def test_an_alert_url_that_is_not_understood_is_refused_and_not_quoted(
    tmp_path, monkeypatch, value
):
    monkeypatch.setenv("LEADGAIN_ALERTS__URLS", value)
    message = find_refusal(tmp_path, SMALLEST)
    assert "[alerts] urls" in message
    assert "must be a URL" in message
    assert "SECRET" not in message
    monkeypatch.delenv("LEADGAIN_ALERTS__URLS")
    message = find_refusal(tmp_path, f'alerts = "SECRET"\n{SMALLEST}')
    assert "[alerts] must be a section" in message
    assert "SECRET" not in message


def test_a_mistyped_key_of_alerts_is_refused_like_any_other(tmp_path):
    assert "Did you mean 'urls'?" in find_refusal(tmp_path, SMALLEST + "[alerts]\nurl = []\n")


def test_alert_urls_of_the_environment_replace_those_of_the_file(tmp_path, monkeypatch):
    text = SMALLEST + '[alerts]\nurls = ["json://one"]\n'
    for value in ("json://two  json://three", '["json://two", "json://three"]'):
        monkeypatch.setenv("LEADGAIN_ALERTS__URLS", value)
        urls = load_settings_from(tmp_path, text).alerts.urls
        assert [url.get_secret_value() for url in urls] == ["json://two", "json://three"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[listz]\n", 1),
        ("[lists]\nhorizon = 3\n", 1),
        ("[alerts]\nurls = ['no url']\n", 0),
        ("[leads\n", 0),
        (None, 0),
    ],
)
def test_a_run_that_cannot_begin_still_knows_whom_to_alert(tmp_path, monkeypatch, text, found):
    file = tmp_path / "leadgain.toml"
    if text is not None:
        alerts = "" if "alerts" in text else "[alerts]\nurls = ['json://one']\n"
        file.write_text(f"{alerts}{text}")
    assert len(load_alerts(file).urls) == found
    monkeypatch.setenv("LEADGAIN_ALERTS__URLS", "json://two json://three")
    assert len(load_alerts(file).urls) == 2
