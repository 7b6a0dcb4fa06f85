"""dicomweb-client for searches, over a session of ours.

Its own way to send tries again and logs every failure with its traceback, and names the host
without its port; the session sends as it should, and says in words what failed.
"""

from typing import Any

from viewer.net import pydicom_first  # noqa: F401

# isort: split

import requests
from dicomweb_client.uri import build_query_string
from dicomweb_client.web import DICOMwebClient

from viewer.net.web_session import WebSession


class SearchClient(DICOMwebClient):
    """The client that puts searches into words and reads their answers."""

    def __init__(self, url: str, session: WebSession) -> None:
        super().__init__(url, session=session, permissive_uid=True)

    def _http_get(
        self,
        url: str,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Ask once; limits, and what failed in words, are the session's."""
        return self._session.get(url + build_query_string(params), headers=headers, stream=stream)
