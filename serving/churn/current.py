"""The model that serves now: loaded when the API starts, and again when the champion's alias has moved."""

from __future__ import annotations

import asyncio
import logging

from gold.churn.registered import Champion, champion_version, load
from lakehouse.errors import RecLakeError
from lakehouse.settings import Settings

log = logging.getLogger(__name__)


class Current:
    """The champion, if there is one, and what is wrong, if anything is.

    Attributes
    ----------
    champion : Champion or None
        Stays what it was while the registry is away or its newest champion cannot be read.
    reason : str
        Why there is none, or why it may be old; empty if all is well.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.champion: Champion | None = None
        self.reason = "The churn model is being loaded."

    def refresh(self) -> None:
        """Load the champion unless it is the one that is there; whatever fails becomes the reason."""
        try:
            version = champion_version(self._settings)
            if self.champion is None or self.champion.version != version.number:
                self.champion = load(self._settings, version)
                log.info("version %s of %s serves", version.number, self._settings.churn_model)
            self.reason = ""
        except RecLakeError as error:
            self._failed(str(error))
        # The API has to stay up whatever state the registry is in.
        except Exception as error:
            log.debug("the registry failed", exc_info=True)
            self._failed(f"The model registry cannot be read ({type(error).__name__}).")

    async def keep_fresh(self) -> None:
        """Refresh again and again, beside the requests."""
        while True:
            await asyncio.sleep(self._settings.churn_api_refresh_seconds)
            await asyncio.to_thread(self.refresh)

    def _failed(self, reason: str) -> None:
        # Said once, not at every look.
        if reason != self.reason:
            log.warning(reason)
        self.reason = reason
