"""Nothing but a condition gets through, and no condition takes long or changes anything."""

from __future__ import annotations

import ast
import builtins
import copy
import gc
import inspect
import sys
import threading
import warnings
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpleeval import InvalidExpression

from hookgate.errors import EvaluationError
from hookgate.expr.conditions import FUNCTIONS, Condition, ConditionFault, parse_condition
from hookgate.expr.patterns import MAX_PATTERN, compile_expression
from hookgate.expr.sandbox import NODES, OPERATORS, evaluate
from hookgate.expr.syntax import MAX_LENGTH, MAX_NESTING, MAX_PARTS
from hookgate.expr.values import ExactFloat
from hookgate.model import JSON

NAMES = ("payload", "ref", "labels", "count", "none")
VALUES: dict[str, JSON] = {
    "payload": {"a": {"b": [1, 2, {"c": "d"}]}, "n": 10**4_000},
    "ref": "refs/heads/main",
    "labels": ["x", 1, None],
    "count": 3,
    "none": None,
}
MANY = 400_000
LARGE: dict[str, JSON] = {
    "payload": {"list": list(range(MANY)), "texts": ["ab" * 10] * MANY, "text": "ab" * MANY},
    "ref": "ä" * MANY,
    "labels": [[n] for n in range(MANY)],
    "count": 10**4_000,
    "none": None,
}
BUILTINS = [
    *(name for name in dir(builtins) if not name.startswith("_") and name[0].islower()),
    *("rand", "randint", "simple_eval", "help", "exit"),
]


pytestmark = pytest.mark.timeout(10)  # what is not bounded takes minutes, or all memory


def refused(text: str) -> set[str]:
    """The kinds of fault for which a condition is refused."""
    parsed = parse_condition(text, NAMES)
    assert isinstance(parsed, tuple), f"{text[:80]} was let through"
    return {fault.kind for fault in parsed}


def condition(text: str) -> Condition:
    parsed = parse_condition(text, NAMES)
    assert isinstance(parsed, Condition), parsed
    return parsed


# --- what is no condition -------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "().__class__",
        "''.__class__.__mro__[1].__subclasses__()",
        "().__class__.__bases__[0].__subclasses__()[133].__init__.__globals__['system']('id')",
        "[].__class__.__base__.__subclasses__()",
        "{}.__class__.__init__.__globals__",
        "(1).__class__",
        "ref.__len__()",
        "ref.__getattribute__('upper')()",
        "payload.get('a')",
        "payload.a.b",
        "payload.pop('a')",
        "payload.update({'a': 1})",
        "labels.append(1)",
        "labels.clear()",
        "ref.upper",
        "ref.format()",
        "len.__self__",
        "len.__globals__",
        "startswith.__globals__['EvaluationError']",
        "startswith.__code__",
        "startswith.__closure__",
        "all.__self__.__import__('os').system('id')",
        "str.mro()",
        "int.from_bytes",
        "float.fromhex('1')",
        "max.__module__",
        "matches.__wrapped__",
        "(lambda: 0).__code__",
        "(x for x in [1]).gi_frame.f_back.f_back.f_globals",
        "[x for x in [1]].__iter__().gi_frame",
        "ref.func_globals",
        "count.real",
        "none.x",
        "True.real",
        "1.5.hex()",
        "''.join(['a'])",
        "'{0.__class__}'.format(ref)",
        "'{0.__class__.__init__.__globals__}'.format_map({'0': ref})",
        "ref[0].__class__",
        "(ref if count else ref).__class__",
        "payload['a'].__class__",
        # published ways out of simpleeval, whose modules and functions hang on attributes
        "os.system('id')",
        "payload.os.popen('id').read()",
        "statistics.sys.modules",
        "path.os.system('id')",
        "operator.attrgetter('__class__')(ref)",
        # and of Jinja's sandbox
        "cycler.__init__.__globals__.os.popen('id').read()",
        "self._TemplateReference__context",
        "lipsum.__globals__['os'].popen('id').read()",
        "''.format.__self__",
        "ref|attr('__class__')",
    ],
)
def test_no_attribute_is_ever_reached(text: str) -> None:
    assert "forbidden" in refused(text)


@pytest.mark.parametrize("name", sorted(set(BUILTINS) - set(FUNCTIONS)))
def test_a_builtin_is_neither_a_function_nor_a_value(name: str) -> None:
    assert refused(f"{name}('1')") == {"function"}
    assert refused(name) == {"name"}
    assert refused(f"[{name}][0]('1')") == {"forbidden", "name"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_is_not_a_value(name: str) -> None:
    assert refused(name) == {"name"}
    assert refused(f"[{name}]") == {"name"}
    assert refused(f"{name} == {name}") == {"name"}
    assert refused(f"max({name}, 1)") == {"name"}
    assert refused(f"({name} if 1 else 2)('x')") == {"forbidden", "name"}


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "__import__('os').system('id')",
        "__builtins__",
        "__builtins__['eval']('1')",
        "__name__ == 'x'",
        "__file__",
        "__loader__",
        "__debug__",
        "__spec__",
        "__class__",
        "__dict__['a']",
    ],
)
def test_a_name_that_begins_with_two_underscores_is_forbidden(text: str) -> None:
    assert "forbidden" in refused(text)
    parsed = parse_condition("__payload == 1", ["__payload"])
    assert isinstance(parsed, tuple)


@pytest.mark.parametrize(
    "text",
    [
        "\N{FULLWIDTH LATIN SMALL LETTER E}val('1')",
        "\N{MATHEMATICAL BOLD SCRIPT SMALL E}val('1')",
        "\N{MODIFIER LETTER SMALL E}val('1')",
        "ope\N{MATHEMATICAL SCRIPT SMALL N}('x')",
        "_\N{FULLWIDTH LOW LINE}import__('os')",
        "\N{FULLWIDTH LOW LINE}" * 2 + "import__('os')",
        "__\N{FULLWIDTH LATIN SMALL LETTER B}uiltins__",
        "payload.__\N{FULLWIDTH LATIN SMALL LETTER C}lass__",
        "\N{LATIN SMALL LIGATURE FI}le",
    ],
)
def test_letters_that_python_reads_as_others_open_nothing(text: str) -> None:
    assert refused(text) <= {"forbidden", "function", "name", "syntax"}


def test_a_name_in_other_letters_is_the_name_that_python_reads() -> None:
    parsed = condition("\N{FULLWIDTH LATIN SMALL LETTER C}ount == 3")
    assert parsed.names == {"count"}
    assert parsed.holds(VALUES) is True


@pytest.mark.parametrize(
    "text",
    [
        "lambda: 1",
        "(lambda x: x)(1)",
        "(lambda: (yield))()",
        "[x for x in labels]",
        "{x for x in labels}",
        "{x: x for x in labels}",
        "any(x == 1 for x in labels)",
        "(x for x in labels)",
        "[1 for _ in labels for _ in labels]",
        "(count := 4)",
        "len(x := ref)",
        "f'{ref}'",
        "f'{ref!r:>1000000000}'",
        "f'{__import__(\"os\")}'",
        "f''",
        "'a' f'b'",
        "2 ** 2",
        "9 ** 9 ** 9 ** 9",
        "1 << 100000",
        "1 >> 1",
        "1 | 2",
        "1 & 2",
        "1 ^ 2",
        "~1",
        "labels @ labels",
        "len(*labels)",
        "[*labels]",
        "{*labels}",
        "{**payload}",
        "(*labels, 1)",
        "len(**payload)",
        "len(value=ref)",
        "int('10', base=2)",
        "max(labels, key=len)",
        "max(labels, default=1)",
        "b'bytes'",
        "len(b'')",
        "1j",
        "...",
        "labels[...]",
        "ref is ref",
        "count is 3",
        "ref is not 'x'",
        "[] is []",
        "1, 2",
        "(),",
        "len('a')('b')",
        "'len'('a')",
        "labels[0]('a')",
        "[len][0]('a')",
        "(len)('a').x",
        "payload['a']('b')",
    ],
)
def test_what_is_more_than_a_condition_is_forbidden(text: str) -> None:
    assert "forbidden" in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "count = 4",
        "count += 4",
        "payload['a'] = 1",
        "del payload['a']",
        "import os",
        "from os import system",
        "pass",
        "return 1",
        "assert 0",
        "raise Exception",
        "global x",
        "exec 'x'",
        "print 'x'",
        "def f(): pass",
        "class A: pass",
        "while 1: pass",
        "for x in labels: x",
        "with x: y",
        "try: x\nexcept: y",
        "if 1: 2",
        "@x",
        "await ref",
        "yield ref",
        "yield from ref",
        "async x",
        "1; 2",
        "1;",
        "1\n2",
        "count == 3\n__import__('os')",
        "True # comment\n__import__('os')",
        "1) or (2",
        "*labels",
        "**payload",
        "{{ ref }}" + "}",
        "${ref}",
        "$(id)",
        "`id`",
        "ref; import os",
        "\\",
        "count \\ == 3",
        "count == 3 \\",
        "'unclosed",
        '"""unclosed',
        "'\\x'",
        "'\\N{no such character}'",
        "0777",
        "1__0",
        "1if",
        "?",
        "\ufeffTrue",
        "Tr\x00ue",
        "\x00",
        "'\x00'",
        "True\x00",
        "True\x1a",
        "\ud800",
        "'\udcff'",
        "ref == '\ud83d'",
        "count\u00a0== 3",
        "count\u2028== 3",
        "# a comment alone",
        "not",
        "in in in",
        "count is is 3",
        "(((((",
        ")",
    ],
)
def test_what_is_no_expression_is_a_fault_of_syntax(text: str) -> None:
    assert refused(text) <= {"syntax", "forbidden"}


def test_a_comment_or_a_continued_line_hides_nothing() -> None:
    assert condition("count == 4 # or True").holds(VALUES) is False
    assert condition("count == \\\n 3").holds(VALUES) is True
    assert condition("'# not a comment' == '# not a comment'").holds(VALUES) is True
    assert condition("(count # a\n == 3)").holds(VALUES) is True


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ast.Attribute, "payload.b"),
        (ast.Await, "await payload"),
        (ast.DictComp, "{a: a for a in labels}"),
        (ast.FormattedValue, "f'{ref}'"),
        (ast.GeneratorExp, "(a for a in labels)"),
        (ast.JoinedStr, "f'{ref}'"),
        (ast.Lambda, "lambda: 1"),
        (ast.ListComp, "[a for a in labels]"),
        (ast.NamedExpr, "(a := 1)"),
        (ast.SetComp, "{a for a in labels}"),
        (ast.Starred, "[*labels]"),
        (ast.Yield, "(yield)"),
        (ast.YieldFrom, "(yield from labels)"),
    ],
)
def test_every_kind_of_node_that_is_not_listed_is_refused(kind: type[ast.expr], text: str) -> None:
    assert kind not in NODES
    assert any(isinstance(node, kind) for node in ast.walk(ast.parse(text, mode="eval")))
    assert "forbidden" in refused(text)


def test_python_has_no_kind_of_node_that_these_tests_do_not_know() -> None:
    constants = {"Bytes", "Ellipsis", "NameConstant", "Num", "Str"}  # as ast named them once
    templates = {"Interpolation", "TemplateStr"}  # from Python 3.14
    known = {kind.__name__ for kind in NODES} | constants | templates
    known |= {"Attribute", "Await", "DictComp", "FormattedValue", "GeneratorExp", "JoinedStr"}
    known |= {"Lambda", "ListComp", "NamedExpr", "SetComp", "Starred", "Yield", "YieldFrom"}
    assert {kind.__name__ for kind in ast.expr.__subclasses__()} <= known


@pytest.mark.parametrize("kind", [*ast.operator.__subclasses__(), *ast.unaryop.__subclasses__()])
def test_every_operator_that_python_has_is_known_or_refused(kind: type[Any]) -> None:
    seven = ast.Constant(7)
    unary = issubclass(kind, ast.unaryop)
    text = ast.unparse(ast.UnaryOp(kind(), seven) if unary else ast.BinOp(seven, kind(), seven))
    if kind in OPERATORS:
        condition(text).holds(VALUES)
    else:
        assert refused(text) == {"forbidden"}


# --- bounds on what is written --------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1" + " " * MAX_LENGTH,
        "+".join(["1"] * MAX_PARTS),
        "[" + "1," * MAX_PARTS + "]",
        "-" * (MAX_LENGTH - 1) + "1",
        "not " * 900 + "1",
        "(" * 100 + "1" + ")" * 100 + " + 1" * 300,
        "(" * 1_000 + "1" + ")" * 1_000,
        "[" * 150 + "]" * 150,
        "{" * 1_500,
        "labels" + "[0]" * 1_300,
        "payload" + ".a" * 1_900,
        "len" + "('a')" * 700,
        "1 if 1 else " * 300 + "1",
        "lambda:" * 500 + "1",
        "len(" * 190 + "ref" + ")" * 190,
        "1" + "+(1" * 150 + ")" * 150,
        "-" * MAX_NESTING + "1",
    ],
)
def test_what_is_too_long_too_many_or_too_deep_is_too_complex(text: str) -> None:
    assert refused(text) == {"too complex"}


def test_what_is_just_within_the_bounds_is_evaluated() -> None:
    assert condition("-" * (MAX_NESTING - 1) + "1").holds(VALUES) is True
    assert (
        condition(f"count in [{', '.join(map(str, range(MAX_PARTS - 3)))}]").holds(VALUES) is True
    )
    assert condition("1".ljust(MAX_LENGTH)).holds(VALUES) is True


def test_deep_nesting_is_refused_in_a_thread_with_a_small_stack_too() -> None:
    texts = ["-" * 3_999 + "1", "(" * 4_000, "not " * 999 + "1", "a" + ".b" * 1_900]
    found: list[Condition | tuple[ConditionFault, ...]] = []
    size = threading.stack_size(1024 * 1024)
    try:
        thread = threading.Thread(
            target=lambda: found.extend(parse_condition(t, NAMES) for t in texts)
        )
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert [result[0].kind for result in found if isinstance(result, tuple)] == ["too complex"] * 4


@pytest.mark.parametrize(
    "text", [r"'\d' == '\\d'", "1 is None", "'a' is None", "(1)(2)", "'a'[1.5]"]
)
def test_python_s_warnings_do_not_reach_the_operator(text: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parse_condition(text, NAMES)
    assert caught == []


# --- bounds on what is evaluated ------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "'%1000000000d' % 1",
        "'%s' % ref",
        "'%(a)s' % payload",
        "'%*d' % (1000000000, 1)",
        "'a' * 1000000000",
        "1000000000 * 'a'",
        "'ab' * 2",
        "[0] * 2",
        "(0,) * 1000000000",
        "[[[0] * 1000] * 1000] * 1000",
        "labels * count",
        "{1} - {1}",
        "'a' - 'b'",
        "'a' + 1",
        "[1] + (1,)",
        "{1: 1} + {1: 1}",
        "payload + payload",
        "none * 3",
        "1 + none",
        "payload['n'] * payload['n'] * payload['n'] * payload['n'] * payload['n']",
        "payload['n'] / 1",
        "payload['n'] + 0.5",
        "float(payload['n'])",
        "abs(-payload['n']) * 1.5",
        "1" + "0" * 3_000 + " * 1" + "0" * 900 + "* payload['n']",
        "str(0x" + "f" * 3_900 + ")",
        "int('9' + " * 20 + "'9'" + ")" * 20,
        "int(1e999)",
        "int(1e999 - 1e999)",
        "round(1e999)",
        "round(1.5, 10000000000)",
        "round(12345, -10000000000)",
        "round(12345, payload['n'])",
        "labels[payload['n']]",
        "payload['n'] // 0",
        "payload['n'] % 0",
        "1.0 // 0",
        "labels[:payload['n']:0]",
        "labels['a':]",
        "labels[1.5]",
        "ref[payload]",
        "payload[payload]",
        "payload[1:2]",
        "payload[1:2, 3]",
        "{labels: 1}",
        "{payload}",
        "labels < payload",
        "max(labels)",
        "min(payload)",
        "ref in count",
        "1 in ref",
        "len(count)",
        "-ref",
        "+labels",
    ],
)
def test_what_could_grow_format_or_mix_types_is_an_evaluation_error(text: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        condition(text).holds(VALUES)
    assert 0 < len(str(raised.value)) < 300
    assert "Error" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "payload['texts'] + payload['texts']",
        "payload['text'] + payload['text']",
        "str(payload)",
        "str(labels)",
        "str([payload, payload])",
        "lower(ref)",
        "upper(ref)",
        "int(ref)",
        "float(payload['text'])",
        "int(payload['text'])",
        "max(labels, 3)",
        "matches(ref, '^(ä|b)*ä(ä|b){1,900}$')",
        "matches(ref, payload['text'])",
        "glob(ref, payload['text'])",
        "labels[count]",
        "labels > count",
    ],
)
def test_what_is_too_large_is_an_evaluation_error_soon(text: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        condition(text).holds(LARGE)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    "text",
    [
        "len(payload['list']) == 400000",
        "max(payload['list']) == 399999 and min(payload['list']) == 0",
        "any(payload['list']) and not all(payload['list'])",
        "399999 in payload['list'] and contains(payload['list'], 399999)",
        "max(labels) == [399999]",
        "payload == payload and labels == labels[:]",
        "not contains(payload['text'], 'aab' + payload['text'][-90000:])",
        "endswith(payload['text'], 'ab') and startswith(payload['text'], 'ab')",
        "len(payload['list'][::2]) == 200000",
        "payload['texts'] != labels",
        "matches(payload['text'], '^(a|b)*$')",
        "glob(payload['text'], 'a*b*a*b*a*b*b')",
        "count + count - count == count",
    ],
)
def test_a_large_payload_is_looked_at_in_linear_time(text: str) -> None:
    assert condition(text).holds(LARGE) is True


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a+)+$",
        "^(a|a)*$",
        "^(a|aa)+$",
        "(x+x+)+y",
        "^([a-zA-Z]+)*$",
        "(.*)*b",
        "(.*){1,100}b",
        "a?" * 25 + "a" * 25 + "$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(a{1,30}){1,30}!",
    ],
)
def test_a_catastrophic_pattern_takes_linear_time(pattern: str) -> None:
    values: dict[str, JSON] = {"ref": "a" * 90_000 + "!", "payload": pattern}
    for text in (f"matches(ref, '{pattern}')", "matches(ref, payload)"):
        parsed = parse_condition(text, NAMES)
        if isinstance(parsed, Condition):
            _result(parsed, values)


def test_a_catastrophic_glob_takes_linear_time() -> None:
    values: dict[str, JSON] = {"ref": "a" * 90_000, "payload": "*a" * 40 + "b"}
    assert condition("glob(ref, payload)").holds(values) is False


@pytest.mark.parametrize(
    "pattern",
    [
        "(a{1,1000}){1,1000}",
        "a{1001}",
        r"\pL{500}",
        "(?=a)",
        "(?<=a)",
        r"(a)\1",
        "(?P>x)",
        "(",
        "*",
        "[z-a]",
        "(" * 2_000 + ")" * 1_900,
    ],
)
def test_a_pattern_that_re2_does_not_take_is_a_fault_and_prints_nothing(
    pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text = f"matches(ref, r'{pattern}')"
    assert refused(text) == {"pattern"} or len(text) > MAX_LENGTH
    with pytest.raises(EvaluationError, match=r"^matches: the pattern "):
        condition("matches(ref, payload)").holds({"ref": "a", "payload": pattern})
    assert capfd.readouterr() == ("", "")


def test_computed_patterns_do_not_displace_a_literal_one() -> None:
    literal = condition("matches(ref, '^refs/')")
    computed = condition("matches(ref, payload)")
    for number in range(300):
        assert computed.holds({"ref": f"x{number}", "payload": f"^x{number}$"}) is True
    assert compile_expression.cache_info().currsize < 100
    compile_expression.cache_clear()
    assert literal.holds(VALUES) is True
    assert compile_expression.cache_info().misses == 0


@pytest.mark.parametrize("function", ["matches", "glob"])
def test_a_long_pattern_is_refused(function: str) -> None:
    parsed = condition(f"{function}(ref, payload)")
    assert parsed.holds({"ref": "a" * MAX_PATTERN, "payload": "a" * MAX_PATTERN}) is True
    with pytest.raises(EvaluationError, match="longer than 4,000 characters"):
        parsed.holds({"ref": "a", "payload": "a" * (MAX_PATTERN + 1)})


def test_the_text_of_a_value_is_bounded_as_it_comes_out() -> None:
    values: dict[str, JSON] = {"ref": ["\0" * 50_000], "count": ExactFloat("1." + "1" * 100_000)}
    for text in ("str(ref)", "str(count)"):
        with pytest.raises(EvaluationError, match="longer than 100,000 characters"):
            condition(text).holds(values)


@pytest.mark.parametrize("function", ["int", "float"])
def test_a_number_of_too_many_digits_is_not_read(function: str) -> None:
    with pytest.raises(EvaluationError, match="the text is longer than 4,300 characters"):
        condition(f"{function}(ref)").holds({"ref": "1" * 4_301})


@pytest.mark.parametrize(
    "fault",
    [
        *(ArithmeticError, FloatingPointError, IndexError, MemoryError, OverflowError),
        *(RecursionError, TypeError, ValueError, ZeroDivisionError, InvalidExpression),
    ],
)
def test_whatever_fails_within_an_evaluation_is_an_evaluation_error(fault: type[Exception]) -> None:
    class Failing(dict[str, JSON]):
        def __getitem__(self, name: str) -> JSON:
            raise fault(f"{name}\nfailed")

    with pytest.raises(EvaluationError) as raised:
        condition("count == 3").holds(Failing())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "text", ["payload.a", "[a for a in labels]", "list(ref)", "rand()", "2 ** 2"]
)
def test_the_sandbox_does_not_evaluate_what_the_grammar_refuses_either(text: str) -> None:
    tree = ast.parse(text, mode="eval").body
    with pytest.raises(EvaluationError):
        evaluate(tree, VALUES)


def test_the_values_are_let_go_after_the_evaluation() -> None:
    class Values(dict[str, JSON]):
        pass

    values = Values(VALUES)
    alive = weakref.ref(values)
    assert condition("count == 3").holds(values) is True
    del values
    gc.collect()
    assert alive() is None


def test_an_evaluation_near_the_end_of_the_stack_is_an_evaluation_error() -> None:
    parsed = condition("not (" * 40 + "count == 3" + ")" * 40)

    def dig(levels: int) -> bool:
        return dig(levels - 1) if levels else parsed.holds(VALUES)

    used = len(inspect.stack(0))
    with pytest.raises(EvaluationError, match="nested too deeply"):
        dig(sys.getrecursionlimit() - used - 30)
    assert dig(10) is True


# --- nothing changes, nothing escapes -------------------------------------------------------


def test_a_condition_changes_neither_the_payload_nor_what_comes_after() -> None:
    before = copy.deepcopy(VALUES)
    for text in ("labels + [1]", "str(payload)", "max(labels[:1])", "{'a': payload}", "labels[:]"):
        condition(text).holds(VALUES)
        condition(text).filled_in(VALUES)
    assert before == VALUES
    with pytest.raises(EvaluationError):
        condition("1 / 0").holds(VALUES)
    with pytest.raises(EvaluationError, match="count has no value"):
        condition("count == 3").holds({})


def _result(parsed: Condition, values: dict[str, JSON]) -> bool | None:
    try:
        return parsed.holds(values)
    except EvaluationError:
        return None


LEAVES = st.sampled_from(
    [*NAMES, "1", "0", "-1", "2.5", "1e308", "'a'", "''", "None", "True", "'(a|b)*$'", "10000000"]
)
INFIXES = [
    *("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>", "@"),
    *("==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not", "and", "or"),
    *("if 1 else", "if none else", ",", ":=", ".", ":"),
]
FORMS = [
    *("({})", "[{}]", "{{{}}}", "{{{}: 1}}", "-{}", "+{}", "~{}", "not {}", "*{}"),
    *("payload[{}]", "labels[{}:]", "ref[:{}]", "{}[0]", "str([{}])"),
    *("{}.a", "f'{{{}}}'", "lambda: {}", "[x for x in {}]"),
    *(f"{name}({{}})" for name in FUNCTIONS),
    *(f"{name}(ref, {{}})" for name in FUNCTIONS),
]
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, st.sampled_from(INFIXES), inner).map(" ".join)
        | st.tuples(st.sampled_from(FORMS), inner).map(lambda pair: pair[0].format(pair[1]))
    ),
    max_leaves=8,
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(st.text() | st.text(alphabet="ab1'\"()[]{}.,:=+-*/%&|~<>!#\\\n\r\t _@\x00é\ud800"))
def test_any_text_is_a_condition_or_faults_within_it(text: str) -> None:
    parsed = parse_condition(text, NAMES)
    if isinstance(parsed, Condition):
        _result(parsed, VALUES)
        return
    assert parsed
    for fault in parsed:
        assert 0 <= fault.offset <= fault.offset + fault.length <= len(text)


@given(EXPRESSIONS, st.fixed_dictionaries(dict.fromkeys(NAMES, VALUE)))
def test_any_condition_on_any_values_is_true_or_false_or_an_evaluation_error(
    text: str, values: dict[str, JSON]
) -> None:
    parsed = parse_condition(text, NAMES)
    if isinstance(parsed, tuple):
        assert parsed
        return
    before = repr(values)
    assert _result(parsed, values) in (True, False, None)
    assert isinstance(parsed.filled_in(values), str)
    assert repr(values) == before
