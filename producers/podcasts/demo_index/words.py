"""What is said in the demo's transcripts, and a few shows in other languages."""

from __future__ import annotations

from typing import NamedTuple

DESCRIPTIONS = (
    "{host} talks with guests about {topic}, every week.",
    "A weekly podcast about {topic}: stories, questions and the people behind them. With {host}.",
    "Everything that is worth knowing about {topic}, told without hurry by {host}.",
)
"""Of a show."""

OPENING = (
    "Welcome back to {show}. Today's episode is called {title}.",
    "You are listening to {show}, and this is {title}.",
    "Hello, good to have you here. The title of this episode of {show} is {title}.",
)
CLOSING = (
    "That was {title}. If you liked it, tell a friend about {show}.",
    "So much for {title}. Until next time, and thank you for listening to {show}.",
)
SENTENCES = (
    "Most people think that they understand {0}, and then somebody asks them a simple question about it.",
    "The first time I came across {0} was in a conversation about {1}, of all things.",
    "There is an old quarrel over {0}: some say that it begins with {1}, others swear that it is the other way round.",
    "When you look at {0} for long enough, you start to see {1} everywhere.",
    "I asked three people who work with {0} every day, and each of them told me something else.",
    "What surprised me most about {0} is how young much of what we know is.",
    "You cannot talk about {0} without mentioning {1}, so let us get that out of the way.",
    "A listener wrote to us and wanted to know how much there can be left to say about {0}.",
    "The honest answer is that {0} will always take patience, luck, and a good deal of {1}.",
    "Ten years ago hardly anybody cared for {0}; today there are whole books on it.",
    "If I had to explain {0} to a child, I would start with {1}.",
    "The mistake that beginners make with {0} is to hurry.",
    "Somebody once said that {0} might just be {1} with better manners, and I still laugh about it.",
    "There are numbers on {0}, and they are worth a closer look, because they do not say what you expect.",
    "We went to see for ourselves, and what we learned about {0} in that one afternoon filled a notebook.",
    "Let me read you a short passage on {0} from a letter that is older than all of us.",
    "Not everybody agrees: there are good arguments against everything that I have just said about {0}.",
    "What will become of {0} in the next ten years? Our guest sees {1} behind every corner.",
    "I keep coming back to {0}, because that is where {1} and everyday life meet.",
    "And this is the part of the story of {0} that usually gets left out.",
    "Think of {0} and {1} as two sides of a coin that is still spinning.",
    "The tools that people use for {0} have changed; the questions have not.",
)


class Tongue(NamedTuple):
    """A language of the demo: its shows (title, description, title of the newest episode), and what they talk about."""

    language: str
    declared: tuple[str, ...]
    """What the feed of each show declares; empty: nothing."""
    shows: tuple[tuple[str, str, str], ...]
    opening: str
    closing: str
    sentences: tuple[str, ...]
    words: tuple[str, ...]


TONGUES = (
    Tongue(
        "de",
        ("de", "de-DE", ""),
        (
            (
                "Der Klang der Woche",
                "Gespräche über Musik, Konzerte und die Menschen, die sie machen.",
                "Warum wir im Chor besser schlafen",
            ),
            (
                "Kurz vor Mittag",
                "Geschichten aus der Küche: vom Brot, vom Käse und von alten Rezepten.",
                "Das Geheimnis des Sauerteigs",
            ),
            (
                "Gestern war heute",
                "Ein Podcast über Geschichte, erzählt von denen, die in Archiven zu Hause sind.",
                "Die Straßen der Händler im Mittelalter",
            ),
        ),
        "Herzlich willkommen bei {show}. Unsere Folge heißt heute {title}.",
        "Das war {title}. Danke fürs Zuhören und bis zum nächsten Mal.",
        (
            "Viele Leute glauben, dass sie {0} verstehen, bis jemand eine einfache Frage dazu stellt.",
            "Ohne {1} kann man über {0} nicht sprechen, also fangen wir damit an.",
            "Was mich an {0} am meisten überrascht hat, steht in keinem Buch.",
            "Früher war {0} eine Sache für wenige, heute reden alle darüber.",
            "Wer sich lange genug mit {0} beschäftigt, sieht überall {1}.",
            "Eine Hörerin hat uns geschrieben und wollte wissen, was {0} mit {1} zu tun hat.",
        ),
        ("Musik", "Handwerk", "Brot", "Regen", "Arbeit", "Sprache", "Geschichte", "Freundschaft"),
    ),
    Tongue(
        "es",
        ("es-ES", "ES", ""),
        (
            (
                "Ciencia en casa",
                "Historias breves sobre la ciencia que nos rodea, contadas sin prisa y con humor.",
                "Por qué dormimos peor en verano",
            ),
            (
                "La plaza mayor",
                "Cada semana hablamos de política local, de vecinos y de las ciudades en las que vivimos.",
                "El precio de la vivienda en los barrios",
            ),
            (
                "Noches de cine",
                "Un programa sobre las películas que nos hicieron como somos y sobre quienes las filmaron.",
                "Los actores que nunca salían en los carteles",
            ),
        ),
        "Bienvenidos a {show}. El episodio de hoy se llama {title}.",
        "Eso fue {title}. Gracias por escucharnos y hasta la próxima.",
        (
            "Mucha gente cree que entiende {0}, hasta que alguien le hace una pregunta sencilla.",
            "No se puede hablar de {0} sin mencionar {1}, así que empecemos por ahí.",
            "Lo que más me sorprendió de {0} no está en ningún libro.",
            "Antes {0} era cosa de pocos; hoy todo el mundo habla de ello.",
            "Quien mira {0} durante mucho tiempo acaba viendo {1} por todas partes.",
            "Una oyente nos escribió para preguntar qué tiene que ver {0} con {1}.",
        ),
        ("la vida diaria", "la memoria", "la noche", "la ciudad", "la música", "la comida", "la amistad"),
    ),
    Tongue(
        "fr",
        ("fr", "", "fr-CA"),
        (
            (
                "Le goût des choses",
                "Chaque semaine, une histoire de cuisine et de ceux qui la font vivre.",
                "Le fromage qui ne voulait pas voyager",
            ),
            (
                "À pied, à vélo",
                "Le sport raconté lentement : des courses, des cols et des gens qui ne renoncent jamais.",
                "Courir quand il pleut depuis trois jours",
            ),
            (
                "La boîte à outils",
                "Comprendre la technique de tous les jours, avec des invités qui la fabriquent.",
                "Comment une machine apprend à reconnaître une voix",
            ),
        ),
        "Bienvenue dans {show}. L'épisode d'aujourd'hui s'appelle {title}.",
        "C'était {title}. Merci de nous avoir écoutés et à bientôt.",
        (
            "Beaucoup de gens croient comprendre {0}, jusqu'à ce qu'on leur pose une question toute simple.",
            "On ne peut pas parler de {0} sans évoquer {1}, alors commençons par là.",
            "Ce qui m'a le plus surpris avec {0} ne se trouve dans aucun livre.",
            "Autrefois, {0} était l'affaire de quelques-uns ; aujourd'hui, tout le monde en parle.",
            "Quand on regarde {0} assez longtemps, on finit par voir {1} partout.",
            "Une auditrice nous a écrit pour demander ce que {0} a à voir avec {1}.",
        ),
        ("la vie quotidienne", "la mémoire", "la pluie", "la montagne", "la cuisine", "la route", "la patience"),
    ),
)
"""Languages that the demo's index has beside English."""
