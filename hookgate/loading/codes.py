"""The table of codes. One code is one kind of mistake and never comes to mean another.

HG1xx is about shape (YAML and the schema), HG2xx about meaning, HG3xx about the environment that
the file is loaded in: variables, files, programs. The last kind can be left out of a check. Within
HG2xx, codes that belong together stand in the same ten.
"""

from __future__ import annotations

from enum import Enum

from hookgate.loading.problems import Severity


class Code(Enum):
    """A kind of mistake: its number, a short title and how serious it is."""

    YAML_SYNTAX = ("HG101", "the file is not YAML")
    DUPLICATE_KEY = ("HG102", "a key appears twice in one mapping")
    KEY_NOT_TEXT = ("HG103", "a key is not text")
    EMPTY_FILE = ("HG104", "the file holds no rules")
    SEVERAL_DOCUMENTS = ("HG105", "the file holds several YAML documents")
    CHARACTER = ("HG106", "a character that a rules file cannot hold")
    YAML_FEATURE = ("HG107", "a YAML feature that rules files do without")
    TOO_LARGE = ("HG108", "the file is nested too deep or unfolds to too much")
    UNKNOWN_KEY = ("HG111", "a key that means nothing here")
    MISSING_KEY = ("HG112", "a key that is needed is missing")
    WRONG_TYPE = ("HG113", "a value of the wrong type")
    NOT_ONE_OF = ("HG114", "a value that is not one of those allowed")
    FORMAT = ("HG115", "a value that is not written as it must be")
    OUT_OF_RANGE = ("HG116", "a number or a length out of its range")
    INTERPOLATION = ("HG117", "a ${...} that is not well formed")
    NOT_EXACTLY_ONE = ("HG118", "keys of which exactly one must be there")
    LISTED_TWICE = ("HG119", "an item that is listed twice")

    NO_AUTH = ("HG201", "a source does not say how its sender proves who it is")
    UNKNOWN_PROVIDER = ("HG202", "a provider that is not known")
    PARAM_NAME = ("HG203", "a param whose name cannot be used")
    UNKNOWN_PROGRAM = ("HG204", "a program that does not exist")
    UNKNOWN_PLACEHOLDER = ("HG205", "a placeholder for a param that does not exist")
    MISSING_PARAM = ("HG206", "a program needs a param that a source does not define")
    PATH = ("HG207", "a dotted path that cannot be read")
    REQUIRED_WITH_DEFAULT = ("HG208", "a required param with a default")
    PRIVATE = ("HG209", "a value is taken from where credentials travel")
    CONDITION_SYNTAX = ("HG210", "a condition that cannot be read")
    CONDITION_NAME = ("HG211", "a condition uses an unknown name")
    CONDITION_FUNCTION = ("HG212", "a condition calls an unknown function")
    CONDITION_FORBIDDEN = ("HG213", "a condition uses what conditions may not")
    CONDITION_PATTERN = ("HG214", "a condition holds a bad pattern")
    CONDITION_ARGUMENTS = ("HG215", "a condition calls a function with wrong arguments")
    CONDITION_TOO_COMPLEX = ("HG216", "a condition is too complex")
    CONDITION_CONSTANT = ("HG217", "a constant stands where a condition belongs")
    CONDITION_TYPE = ("HG218", "values are compared whose types never fit", Severity.WARNING)
    HEADER_CASE = ("HG219", "a condition asks for a header with upper-case letters")
    EMPTY_SECRET = ("HG220", "an empty secret")
    UNDECODABLE_SECRET = ("HG221", "a secret that is not in its encoding")
    SIGNED_TEMPLATE = ("HG222", "a signature's template that cannot be read")
    SIGNED_PART = ("HG223", "a signature's template needs a setting that is missing")
    PUBLIC_URL = ("HG224", "a signature covers the URL but no public_url is set")
    NETWORK = ("HG225", "an address or network that cannot be read")
    PUBLIC_KEY = ("HG226", "a public key that cannot be read")
    UNSIGNED_TIMESTAMP = ("HG227", "a timestamp that is not signed", Severity.WARNING)
    OPEN_SOURCE = ("HG228", "a source that is open to the network", Severity.WARNING)
    CLEAR_SECRET = ("HG229", "a secret that stands in the file", Severity.WARNING)
    DEBOUNCED_ANSWER = ("HG230", "debounce for a program that is waited for")
    NEVER_REACHED = ("HG231", "a rule that can never be reached", Severity.WARNING)
    EXIT_STATUS = ("HG232", "exit_status for a program that nobody waits for")
    RESPOND_OUTPUT = ("HG233", "respond: output for a program that nobody waits for")
    COMMAND = ("HG234", "a command that cannot be read")
    ALWAYS_HOLDS = ("HG235", "a condition, or a part of one, always holds", Severity.WARNING)
    NEVER_HOLDS = ("HG236", "a condition, or a part of one, never holds", Severity.WARNING)
    OTHER_EVENT = ("HG237", "a condition asks for an event that never gets there", Severity.WARNING)
    UNUSED_PARAM = ("HG238", "a param that is never used", Severity.WARNING)
    UNUSED_PROGRAM = ("HG239", "a program that no rule starts", Severity.WARNING)
    WAITS_CROSSED = ("HG240", "a wait that is longer than the longest wait")
    PAYLOAD_SCHEMA = ("HG241", "a payload schema that is not a JSON Schema")
    SCHEMA_REFERENCE = ("HG242", "a payload schema refers to something outside itself")
    NOT_WARM = ("HG243", "a command that cannot start warm")
    DUPLICATE_TEST = ("HG251", "two tests of one name")
    TEST_SOURCE = ("HG252", "a test for a source that does not exist")
    TEST_FILE = ("HG253", "a file of a test that cannot be read", Severity.WARNING)
    TEST_EXPECTS = ("HG254", "a test expects what does not exist")
    TEST_EVENT_TYPE = ("HG255", "an event type that a test cannot put where the source finds it")
    IDLE_IGNORE = ("HG261", "an ignore that silences nothing", Severity.WARNING)
    UNREADABLE_IGNORE = ("HG262", "an ignore that names no known code", Severity.WARNING)
    BARE_IGNORE = ("HG263", "an ignore without a reason", Severity.WARNING)
    FUTILE_IGNORE = ("HG264", "an ignore of a finding that cannot be ignored", Severity.WARNING)
    CODE_INJECTION = ("HG271", "a placeholder inside code that a program interprets")
    EVENT_TYPE_CASE = ("HG272", "event types that differ in case alone", Severity.WARNING)
    REPEATED_SECRET = ("HG273", "a secret that is listed twice", Severity.WARNING)
    EMPTY_USERNAME = ("HG274", "an empty user name", Severity.WARNING)
    TRUSTS_ANYBODY = ("HG275", "X-Forwarded-For is believed from anybody")
    REPLAYABLE = ("HG276", "a signed delivery can be sent again by anybody", Severity.WARNING)
    HIDDEN = ("HG277", "a condition asks for credentials, which it never sees", Severity.WARNING)
    CHOSEN_PROGRAM = ("HG278", "a command whose first word the sender chooses")
    FRAMING = ("HG279", "an answer that would break the connection it is sent on")
    NO_ROOM = ("HG281", "a limit that leaves no room for what another one allows")
    HANDSHAKE_TOO_WIDE = ("HG291", "a handshake that every event would be taken for")
    HANDSHAKE_SECRET = ("HG292", "an HMAC in a handshake's answer without a secret to make it with")
    HANDSHAKE_HEADER = ("HG293", "a handshake sets the header that says what its answer is")

    UNSET_VARIABLE = ("HG301", "an environment variable that is not set")
    UNREADABLE_FILE = ("HG302", "a file that cannot be read")
    EMPTY_VARIABLE = ("HG303", "a secret that is empty once it is filled in")
    FILLED_VALUE = ("HG304", "a value that is wrong once it is filled in")
    NO_DIRECTORY = ("HG305", "a directory that does not exist")
    NO_COMMAND = ("HG306", "a command that cannot be found")
    NO_LIBRARY = ("HG307", "a library that is not installed")
    STORE_PLACE = ("HG308", "a store that cannot be written where it is")
    NOT_PYTHON = ("HG309", "a function's file that is not Python")
    NO_FUNCTION = ("HG310", "a function that is not in its file")
    SIGNATURE = ("HG311", "a function that cannot be called with its params")

    def __init__(self, number: str, title: str, severity: Severity = Severity.ERROR) -> None:
        self.number = number
        self.title = title
        self.severity = severity

    @property
    def environmental(self) -> bool:
        """Whether the mistake may lie in the environment instead of in the file."""
        return self.number.startswith("HG3")

    @property
    def ignorable(self) -> bool:
        """Whether a remark in the file can silence it: only where the file can still be used."""
        if self.number.startswith("HG26"):  # about such remarks
            return False
        return self.severity is Severity.WARNING or self in _HARMLESS


_HARMLESS = frozenset(
    {
        Code.REQUIRED_WITH_DEFAULT,
        Code.PRIVATE,
        Code.CONDITION_CONSTANT,
        Code.HEADER_CASE,
        Code.EXIT_STATUS,
        Code.RESPOND_OUTPUT,
        Code.CODE_INJECTION,
        Code.TRUSTS_ANYBODY,
    }
)
"""Errors that leave a configuration which does as it says."""
