"""
What bash and zsh complete behind the command C{jetdirect}.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass

from jetdirect.cli import parser
from jetdirect.commandline import OPTIONS
from jetdirect.options import OneOf


@dataclass(frozen=True)
class Word:
    """
    An option, or a word that has its place.

    @ivar names: of an option; none: it is a word.
    @ivar help: one sentence.
    @ivar value: what stands for it in the help; empty: an option that is on or off.
    @ivar choices: all that it can be, if that is known.
    """

    names: tuple[str, ...]
    help: str
    value: str
    choices: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What the shell looks for: C{words}, C{files}, C{ports}, C{jobs}; empty: nothing."""
        if self.choices:
            return "words"
        if self.value in ("FILE", "DIRECTORY", "FILES"):
            return "files"
        return {"PORT": "ports", "N": "jobs", "N|FROM": "jobs"}.get(self.value, "")


def verbs(command: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The verbs of the command, each with its words."""
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _helps(command: argparse.ArgumentParser) -> dict[str, str]:
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            return {each.dest: each.help or "" for each in action._choices_actions}
    return {}


def _words(verb: argparse.ArgumentParser) -> Iterator[Word]:
    for action in verb._actions:
        choices = tuple(map(str, action.choices or ()))
        value = "" if action.nargs == 0 else str(action.metavar or "|".join(choices))
        if not isinstance(action, argparse._SubParsersAction):
            yield Word(tuple(action.option_strings), action.help or "", value, choices)


def _served() -> Iterator[Word]:
    for option in OPTIONS:
        choices = option.read.words if isinstance(option.read, OneOf) else ()
        value = "FILE" if option.path else option.value
        if option.name in ("default-port", "active-port", "port"):
            value = "VALUE"  # none that a gateway could name
        names = (f"--{option.name}", *([f"-{option.short}"] if option.short else []))
        yield Word(names, option.help.partition(". ")[0].rstrip("."), value, choices)
    yield Word(("--help",), "print the help", "")
    yield Word(("--version",), "print the versions", "")


def _all() -> dict[str, list[Word]]:
    found = {name: [*_words(verb)] for name, verb in verbs(parser())}
    return {**found, "serve": [*_served()]}


_BASH = """\
# bash completion for jetdirect                             -*- shell-script -*-

# The first column of what the gateway lists.
_jetdirect_listed() {
    jetdirect "$@" 2>/dev/null | sed -n '2,$s/ .*//p'
}

_jetdirect() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local verb= options= words= kind= places=() at=0 i
    COMPREPLY=()
    # bash parts --name=value into three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --gateway) i=$((i + 1)) ;;
            -* | =) ;;
            *) [[ -z $verb ]] && verb=${COMP_WORDS[i]} || at=$((at + 1)) ;;
        esac
    done
    case $verb:$prev in
%(values)s
        *)
            case $verb in
%(cases)s
            esac
            kind=${places[at]:-}
            [[ $cur != -* ]] || kind=words words=$options
            ;;
    esac
    case $kind in
        words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
        files)
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            compopt -o filenames 2>/dev/null
            ;;
        ports | jobs)
            mapfile -t COMPREPLY < <(compgen -W "$(_jetdirect_listed "$kind")" -- "$cur")
            ;;
    esac
}

complete -F _jetdirect jetdirect
"""


def bash() -> str:
    """The file for bash: C{/usr/share/bash-completion/completions/jetdirect}."""
    cases, values = [], []
    for verb, words in {"": [*_words(parser())], **_all()}.items():
        options = " ".join(name for word in words for name in word.names)
        places = " ".join(word.kind or "none" for word in words if not word.names)
        said = f"options='{options}' places=({places})"
        if not verb:
            known = " ".join(name for name, _ in verbs(parser()))
            said = f"options='{options}' words='{known}' places=(words)"
        cases.append(f"                {verb or repr(verb)}) {said} ;;")
        for word in words:
            if word.names and word.value:
                names = " | ".join(f"{verb}:{name}" for name in word.names)
                said = f"kind={word.kind or 'none'} words='{' '.join(word.choices)}'"
                values.append(f"        {names}) {said} ;;")
    return _BASH % {"cases": "\n".join(cases), "values": "\n".join(values)}


_ZSH = """\
#compdef jetdirect

# The first column of what the gateway lists.
_jetdirect_listed() {
    local -a found
    found=(${(f)"$(_call_program names jetdirect $1 2>/dev/null | sed -n '2,$s/ .*//p')"})
    compadd -a found
}

_jetdirect() {
    local curcontext=$curcontext state line
    local -a verbs
    typeset -A opt_args
    verbs=(
%(verbs)s
    )
    _arguments -C \\
%(top)s
        '1:verb:->verb' \\
        '*::word:->word' && return
    case $state in
        verb) _describe verb verbs ;;
        word)
            case $line[1] in
%(cases)s
            esac
            ;;
    esac
}

_jetdirect "$@"
"""

_ACTIONS = {
    "": " ",
    "files": "_files",
    "ports": " _jetdirect_listed ports",
    "jobs": " _jetdirect_listed jobs",
}


def zsh() -> str:
    """The file for zsh: C{/usr/share/zsh/vendor-completions/_jetdirect}."""
    helps = _helps(parser())
    described = [f"        {_quoted(f'{name}:{text}')}" for name, text in helps.items()]
    top = [f"        {each} \\" for word in _words(parser()) for each in _specs(word)]
    cases = []
    for verb, words in _all().items():
        specs = [each for word in words for each in _specs(word)]
        lines = " \\\n".join(f"                        {each}" for each in specs)
        cases.append(f"{' ' * 16}{verb})\n{' ' * 20}_arguments \\\n{lines}\n{' ' * 20};;")
    return _ZSH % {
        "verbs": "\n".join(described),
        "top": "\n".join(top),
        "cases": "\n".join(cases),
    }


def _specs(word: Word) -> Iterator[str]:
    action = f"({' '.join(word.choices)})" if word.choices else _ACTIONS[word.kind]
    value = f":{_plain(word.value)}:{action}" if word.value else ""
    if not word.names:
        yield _quoted(value)
    for name in word.names:
        equals = "=" if value and name.startswith("--") else ""
        yield _quoted(f"*{name}{equals}[{_plain(word.help)}]{value}")


def _plain(text: str) -> str:
    return re.sub(r"([][:\\])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
