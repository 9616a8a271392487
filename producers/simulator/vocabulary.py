"""The words of the simulated podcasts: what each topic talks about."""

from __future__ import annotations

WORDS: dict[str, tuple[str, ...]] = {
    "Technology": (
        "compilers", "open source", "databases", "chips", "encryption", "the cloud", "robots", "machine learning",
        "browsers", "programming languages", "startups", "privacy", "search engines", "the early internet",
    ),
    "Science": (
        "black holes", "neutrinos", "evolution", "vaccines", "the ocean floor", "gene editing", "climate models",
        "telescopes", "quantum mechanics", "volcanoes", "fossils", "the periodic table", "memory", "bees",
    ),
    "History": (
        "the Roman Republic", "the Silk Road", "medieval towns", "the Cold War", "the printing press", "explorers",
        "lost empires", "the French Revolution", "Vikings", "ancient Egypt", "the plague", "trade routes",
    ),
    "Business": (
        "negotiation", "venture capital", "family firms", "inflation", "marketing", "supply chains", "bankruptcy",
        "pricing", "leadership", "side projects", "mergers", "the stock market", "pensions", "hiring",
    ),
    "True Crime": (
        "a cold case", "the missing heiress", "a forged will", "the art heist", "a false confession", "wiretaps",
        "the bank robbery", "a poisoned dinner", "forensic evidence", "the getaway car", "an unsolved murder",
    ),
    "Health": (
        "sleep", "strength training", "anxiety", "nutrition", "meditation", "back pain", "allergies", "running",
        "stress", "healthy habits", "the immune system", "burnout", "ageing", "gut bacteria",
    ),
    "Comedy": (
        "awkward dates", "bad neighbours", "improvised stories", "worst jobs", "family holidays", "stand-up nights",
        "pranks", "terrible gifts", "roommates", "embarrassing emails", "cats", "small talk",
    ),
    "Sports": (
        "the marathon", "penalty shootouts", "the transfer market", "cycling tours", "the underdog season", "tennis",
        "coaching", "the playoffs", "Olympic records", "climbing", "rowing", "basketball tactics",
    ),
    "Politics": (
        "elections", "coalitions", "the constitution", "lobbying", "foreign policy", "local councils", "referendums",
        "trade agreements", "housing policy", "the budget", "polling", "diplomacy",
    ),
    "Music": (
        "jazz standards", "vinyl records", "synthesizers", "opera", "songwriting", "festival stories", "drummers",
        "film scores", "punk bands", "the blues", "string quartets", "home recording",
    ),
    "Film": (
        "science fiction films", "screenwriting", "film noir", "documentaries", "stunt work", "cult classics",
        "animation", "casting", "silent movies", "sequels", "cinematography", "horror movies",
    ),
    "Food": (
        "sourdough", "street food", "fermentation", "wine regions", "knife skills", "spices", "coffee roasting",
        "cheese makers", "family recipes", "pastry", "vegetarian cooking", "barbecue",
    ),
}  # fmt: skip
"""Topic to what its episodes are about."""

TOPICS = tuple(WORDS)

TITLES = (
    "{0}: what we got wrong",
    "The story of {0}",
    "Why {0} matters",
    "{0} and {1}",
    "{1}, explained by {name}",
    "A conversation about {0} with {name}",
    "Everything you wanted to know about {0}",
    "From {0} to {1}",
    "{name} on {0}",
    "The trouble with {1}",
)

DESCRIPTIONS = (
    "{name} joins us to talk about {0}, {1} and {2}.",
    "This week: {0}. We also look at {1} and ask what {2} has to do with it.",
    "How did {0} change {1}? {name} has spent years on the question, and on {2}.",
    "An episode on {0} for everyone who has ever wondered about {1} or {2}.",
)

SHOWS = (
    "The {topic} Hour",
    "{topic} Weekly",
    "Inside {topic}",
    "{topic} with {name}",
    "Plain {topic}",
    "{topic} Notes",
)
