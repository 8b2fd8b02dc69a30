"""What demo people are called, and what they write on their cards."""

from __future__ import annotations

from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


FIRST_NAMES = _words(
    """
    Aisha Akira Alejandro Amara Ana Anders Andrea Arjun Astrid Beatriz Ben Camille
    Carlos Chiara Chloe Daniel David Diego Elena Emeka Emma Erik Fatima Felix Freya
    Grace Hana Hannah Hugo Ines Isabella Ivan Jamal James Jana Jonas Julia Kenji
    Kofi Laura Leila Liam Lucas Lucia Maja Marco Maria Mateo Maya Mei Mia Mohammed
    Naomi Nia Nikhil Nina Noah Nora Olga Oliver Omar Paula Peter Priya Rafael Rosa
    Ruth Samuel Sara Sofia Sven Tariq Thomas Tomas Valentina Viktor Wei Yara Yuki
    Zoe
    """
)

LAST_NAMES = _words(
    """
    Adeyemi Ahmed Almeida Andersson Barros Becker Bennett Bianchi Carter Castro Chen
    Cohen Costa Dahl Diallo Dubois Eriksen Evans Farah Fernandez Fischer Fontana
    Garcia Ghosh Gupta Haddad Hansen Hoffmann Horvat Hughes Ibrahim Ito Ivanova
    Jensen Johnson Kaya Keller Khan Kim Kovacs Kowalski Lambert Larsen Lehmann
    Lindberg Lopez Marino Martin Mensah Meyer Moreau Morgan Murphy Nakamura Nguyen
    Novak Okafor Olsen Park Patel Pereira Petrov Quinn Ramirez Rossi Sato Schmidt
    Silva Singh Tanaka Torres Turner Vargas Wagner Walker Weber Wright Yilmaz Zhang
    """
)


class Subject(NamedTuple):
    """A category of cards: a title is one of the verbs with one of the objects."""

    category: str
    tags: tuple[str, ...]
    verbs: tuple[str, ...]
    objects: tuple[str, ...]


BACKEND = Subject(
    "Backend",
    ("api", "database", "bug", "performance", "refactoring", "tests"),
    ("Refactor", "Write tests for", "Profile", "Document", "Review", "Fix a race in"),
    _lines(
        """
        the sign-in flow
        the export job
        the payment webhook
        the search endpoint
        the nightly import
        the permission checks
        the mail queue
        the rate limiter
        the file upload
        the billing report
        """
    ),
)
FRONTEND = Subject(
    "Frontend",
    ("ui", "accessibility", "bug", "mobile", "release"),
    ("Build", "Polish", "Make responsive:", "Translate", "Fix the layout of"),
    _lines(
        """
        the settings page
        the board
        the onboarding steps
        the weekly chart
        the navigation
        the error pages
        the dark theme
        the date picker
        """
    ),
)
DESIGN = Subject(
    "Design",
    ("sketch", "client", "brand", "research", "handover"),
    ("Sketch", "Present", "Revise", "Collect feedback on", "Prototype"),
    _lines(
        """
        the new landing page
        three logo directions
        the icon set
        the packaging
        the mobile checkout
        the style guide
        the annual report cover
        the trade fair stand
        """
    ),
)
STUDY = Subject(
    "Study",
    ("exam", "reading", "group", "lecture", "homework"),
    ("Read", "Summarise", "Solve the exercises of", "Revise", "Make flashcards for"),
    _lines(
        """
        linear algebra, chapter 4
        organic chemistry, chapter 7
        the statistics lecture
        the paper on neural coding
        macroeconomics, part 2
        the algorithms course
        constitutional law, unit 3
        the lab protocol
        """
    ),
)
WRITING = Subject(
    "Writing",
    ("draft", "editing", "deadline", "interview", "research"),
    ("Outline", "Draft", "Edit", "Proofread", "Find sources for", "Rewrite"),
    _lines(
        """
        the article on night trains
        the column for Friday
        chapter 3
        chapter 11
        the interview with the mayor
        the newsletter
        the book proposal
        the essay on attention
        """
    ),
)
RESEARCH = Subject(
    "Research",
    ("data", "paper", "lab", "conference", "statistics"),
    ("Analyse", "Plot", "Write up", "Clean", "Discuss", "Replicate"),
    _lines(
        """
        the pilot study
        the survey answers
        the second experiment
        the sensor data
        the related work section
        the referee comments
        the conference poster
        the grant application
        """
    ),
)
MANAGEMENT = Subject(
    "Work",
    ("planning", "team", "budget", "hiring", "meeting", "quarter"),
    ("Prepare", "Review", "Follow up on", "Plan", "Write notes for", "Update"),
    _lines(
        """
        the quarterly budget
        the roadmap
        the team retrospective
        the job interviews
        the supplier contract
        the board presentation
        the customer survey
        the launch
        the on-call rota
        """
    ),
)
HOME = Subject(
    "Personal",
    ("home", "health", "family", "money", "errand"),
    ("Sort out", "Plan", "Look into", "Finish", "Get quotes for"),
    _lines(
        """
        the tax return
        the summer trip
        the health insurance
        the bicycle repair
        the birthday party
        the photo albums
        the move
        the balcony plants
        """
    ),
)
LANGUAGES = Subject(
    "Learning",
    ("spanish", "course", "habit", "reading"),
    ("Practise", "Review", "Do the homework for", "Watch"),
    _lines(
        """
        Spanish, lesson 12
        Spanish, lesson 15
        the online course, week 3
        the typing course
        the photography videos
        the public speaking class
        """
    ),
)

# What a person works on; the first subject most of the time.
TRADES = (
    (BACKEND, FRONTEND, HOME),
    (FRONTEND, DESIGN, LANGUAGES),
    (DESIGN, MANAGEMENT, HOME),
    (STUDY, LANGUAGES, HOME),
    (STUDY, WRITING, HOME),
    (WRITING, RESEARCH, HOME),
    (RESEARCH, STUDY, LANGUAGES),
    (MANAGEMENT, WRITING, HOME),
)

DESCRIPTIONS = (
    "Start with a rough version and get feedback early.",
    "See the notes from the last meeting.",
    "Waiting for an answer by mail; go on without it if nothing comes by Thursday.",
    "Split this up if it takes longer than a day.",
    "1. Collect what is there\n2. Decide what is missing\n3. Write it down",
    "Half of it exists already, in last year's folder.",
    "Ask for a second pair of eyes before this is done.",
    "Not urgent, but it keeps coming up.",
    "The numbers in the first part must be checked again.",
    "Best done in the morning, without interruptions.",
)
