"""Starts the dashboard: for this machine only, or for the team once people sign in."""

import json
import os
import socket
import sys
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from crm.errors import ConfigurationError
from pipelines.config.sections import DashboardSection
from publications.storage.home import APP_VARIABLE, Home

LOCAL_ADDRESS = "127.0.0.1"
ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 (only with --public, behind a sign-in)
LOCAL_HOSTS = (LOCAL_ADDRESS, "localhost")
AUTH_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
MIN_SECRET_LENGTH = 32
HELP_HINT = "docs/dashboard.md shows a whole example."


@dataclass(frozen=True)
class SignIn:
    """A sign-in by OpenID Connect, as Streamlit's secrets file configures it."""

    file: Path
    host: str
    """The name under which people reach the dashboard."""


@dataclass(frozen=True)
class DashboardStart:
    """How the app is to be started."""

    arguments: tuple[str, ...]
    """Of the Python that serves it."""
    app_json: str
    """What the app finds in its environment."""
    url: str

    def environment(self) -> dict[str, str]:
        """The present one without variables of Streamlit, which could loosen what is held."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
        return {**kept, APP_VARIABLE: self.app_json}

    def serve(self) -> NoReturn:
        """Become the app; a signal to this process is then a signal to the app."""
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *self.arguments], self.environment())  # noqa: S606


def build_dashboard_start(
    home: Home, section: DashboardSection, *, folder: Path, port: int, public: bool
) -> DashboardStart:
    """Decide how to start the app, or refuse to.

    Parameters
    ----------
    home : Home
        Whose publications are shown; nothing needs to be published yet.
    section : DashboardSection
    folder : that of leadgain.toml, to which the secrets file is relative
    port : int
    public : bool
        Answer the whole network and not only this machine.

    Raises
    ------
    ConfigurationError
        It would show leads to people who have not signed in, or to nobody at all; or the port
        is taken.
    """
    sign_in = read_sign_in((folder / section.secrets).resolve())
    if public and sign_in is None:
        raise ConfigurationError(
            "--public would show every lead to anyone on the network, because no sign-in "
            f"is configured: {section.secrets} has no [auth] section. Configure OpenID Connect "
            f"there and set who sees which leads in [dashboard] in leadgain.toml; {HELP_HINT}"
        )
    if sign_in is not None:
        _refuse_useless_sign_in(sign_in, section)
    _refuse_taken_port(port, ALL_ADDRESSES if public else LOCAL_ADDRESS)
    hosts = LOCAL_HOSTS if sign_in is None else (sign_in.host, *LOCAL_HOSTS)
    return DashboardStart(
        arguments=(
            *("-P", "-m", "dashboard.server.serve"),
            f"--server.address={ALL_ADDRESSES if public else LOCAL_ADDRESS}",
            f"--server.port={port}",
            f"--browser.serverAddress={hosts[0]}",
            f"--secrets.files={(folder / section.secrets).resolve()}",
            *(f"--server.allowedHosts={host}" for host in hosts),
            "--server.headless=true",
        ),
        app_json=json.dumps(
            {
                "home": str(home.folder),
                "roles": None if sign_in is None else _dump_roles(section),
            }
        ),
        url=f"https://{sign_in.host}" if public and sign_in else f"http://{LOCAL_ADDRESS}:{port}",
    )


def read_sign_in(file: Path) -> SignIn | None:
    """Read whether and how people sign in; None where the file or its [auth] section is missing.

    Raises
    ------
    ConfigurationError
        The section lacks what Streamlit needs, so that nobody could sign in; the message names
        the keys and never a value.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read as TOML ({type(error).__name__})."
        ) from None
    auth = content.get("auth")
    if not isinstance(auth, dict):
        return None
    if missing := [key for key in AUTH_KEYS if not auth.get(key)]:
        raise ConfigurationError(f"[auth] in {file} lacks {', '.join(missing)}. {HELP_HINT}")
    host = urlsplit(str(auth["redirect_uri"])).hostname
    if host is None:
        raise ConfigurationError(
            f"redirect_uri under [auth] in {file} is not an address such as "
            "https://leads.example.com/oauth2callback."
        )
    if len(str(auth["cookie_secret"])) < MIN_SECRET_LENGTH:
        raise ConfigurationError(
            f"cookie_secret under [auth] in {file} is shorter than {MIN_SECRET_LENGTH} "
            f"characters, so "
            'it could be guessed. `python -c "import secrets; print(secrets.token_hex())"` '
            "makes one."
        )
    return SignIn(file, host)


def _refuse_useless_sign_in(sign_in: SignIn, section: DashboardSection) -> None:
    if section.has_no_users:
        raise ConfigurationError(
            f"{sign_in.file} configures a sign-in, but [dashboard] in leadgain.toml names "
            "nobody, so nobody could see a lead. Add managers or reps; "
            f"{HELP_HINT}"
        )
    if find_spec("authlib") is None:
        raise ConfigurationError(
            "The sign-in needs the package Authlib, which is not installed. "
            "`pip install 'streamlit[auth]'` installs it."
        )


def _refuse_taken_port(port: int, address: str) -> None:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((address, port))
        except OSError as error:
            raise ConfigurationError(
                f"Port {port} cannot be used ({error.strerror}). Choose another with --port."
            ) from None


def _dump_roles(section: DashboardSection) -> dict[str, Any]:
    return section.model_dump(mode="json", include={"managers", "reps", "rep_domains"})
