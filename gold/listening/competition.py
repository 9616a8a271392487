"""Champion and challenger: configurations fitted before the window that judges them, compared user by user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gold.engines.configuration import Configuration
from gold.engines.factors import Factors
from gold.judging.bootstrap import Difference, paired_difference
from gold.judging.rules import FEWEST_USERS
from gold.listening.evaluation import Measured, Trial

METRIC = "ndcg"


@dataclass(frozen=True)
class Verdict:
    """Whose configuration serves, and why, in one sentence."""

    winner: Measured
    sentence: str
    measured: Sequence[Measured]

    @property
    def losers(self) -> Sequence[Measured]:
        """Those that were measured and do not serve."""
        return [one for one in self.measured if one is not self.winner]


def baseline(configuration: Configuration) -> Configuration:
    """The same recommender with popularity alone deciding, recent users counting more."""
    return configuration.model_copy(update={"popularity_share": 1.0})


def first_champion(trial: Trial, candidate: Configuration) -> Verdict:
    """Choose between a candidate and decayed popularity by the mean: there is nothing yet to be loyal to."""
    measured = [measure(trial, one) for one in (candidate, baseline(candidate))]
    ours, popular = measured
    difference = paired_difference(ours.per_user, popular.per_user, METRIC)
    if difference.mean >= 0:
        return Verdict(ours, f"First champion: against decayed popularity, nDCG@10 {difference}.", measured)
    return Verdict(popular, f"Decayed popularity serves: the candidate's nDCG@10 against it is {difference}.", measured)


def compete(trial: Trial, champion: Configuration, challengers: Sequence[Configuration]) -> Verdict:
    """Let each challenger meet whoever leads; one wins only if chance does not explain its gain."""
    leader = measure(trial, champion)
    measured, sentences = [leader], []
    for configuration in challengers:
        challenger = measure(trial, configuration)
        measured.append(challenger)
        difference = paired_difference(challenger.per_user, leader.per_user, METRIC)
        if difference.num_users >= FEWEST_USERS and difference.is_gain:
            leader = challenger
            sentences.append(f"A challenger won: nDCG@10 {difference}.")
        else:
            sentences.append(f"A challenger did not win: nDCG@10 {difference}{_few(difference)}.")
    return Verdict(leader, " ".join(sentences) or "The champion's configuration had no challenger.", measured)


def worse_than_serving(trial: Trial, refitted: Measured, serving: Factors) -> str:
    """Why the refitted configuration must not replace the version that serves; empty if it may.

    Parameters
    ----------
    trial : Trial
        Its test side holds only pairs that the serving version had not seen.
    """
    old = trial.measure(serving, refitted.configuration)
    new = trial.measure(refitted.model, refitted.configuration)
    difference = paired_difference(new.per_user, old.per_user, METRIC)
    if difference.num_users < FEWEST_USERS or not difference.is_loss:
        return ""
    return f"The version that serves stays: refitted, its configuration's nDCG@10 differs by {difference}."


def measure(trial: Trial, configuration: Configuration) -> Measured:
    """Fit a configuration to the train side and measure it."""
    return trial.measure(trial.fit(configuration), configuration)


def _few(difference: Difference) -> str:
    return f", and fewer than {FEWEST_USERS} users decide nothing" if difference.num_users < FEWEST_USERS else ""
