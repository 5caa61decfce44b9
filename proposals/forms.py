from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.persian import strip_bidi
from processes.models import Process, Scope, Topic
from proposals.models import Comment, Proposal

SORTS = [
    ("newest", _("Newest first")),
    ("endorsed", _("Most endorsed")),
    ("discussed", _("Most discussed")),
    ("random", _("Shuffled, the same for you all day")),
]


def scopes_below(root: Scope | None, scopes: list[Scope]) -> list[Scope]:
    """`root` and everything inside it, by one list of all scopes; everything for None."""
    if root is None:
        return scopes
    inside = {root.pk}
    while more := {scope.pk for scope in scopes if scope.parent_id in inside} - inside:
        inside |= more
    return [scope for scope in scopes if scope.pk in inside]


class Line(forms.CharField):
    """One line of text, without what could rearrange the text around it."""

    def to_python(self, value: str | None) -> str:
        return " ".join(strip_bidi(super().to_python(value) or "").split())


class ProposalForm(forms.Form):
    title = Line(
        label=_("Title"),
        max_length=120,
        min_length=5,
        help_text=_("What should happen, in one line."),
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
        error_messages={"required": _("Say in one line what should happen.")},
    )
    body = forms.CharField(
        label=_("Your proposal"),
        max_length=10_000,
        min_length=20,
        help_text=_(
            'Why, where, and for whom. Markdown works: <code dir="ltr">**bold**</code>, <code dir="ltr">- list</code>, '
            '<code dir="ltr">[link](https://…)</code>.'
        ),
        widget=forms.Textarea(attrs={"dir": "auto", "rows": 12}),
        error_messages={"required": _("Say why, where, and for whom.")},
    )
    scope = forms.ModelChoiceField(Scope.objects.none(), label=_("District"), required=False)
    topic = forms.ModelChoiceField(Topic.objects.all(), label=_("Topic"), required=False, empty_label=_("No topic"))
    language = forms.ChoiceField(label=_("Language of the text"), choices=User.Language.choices)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: QueryDict | None = None, *, process: Process, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        districts = [scope.pk for scope in scopes_below(process.scope, list(Scope.objects.all()))]
        scope, language = cast("forms.ModelChoiceField[Scope]", self.fields["scope"]), self.fields["language"]
        scope.queryset = Scope.objects.filter(pk__in=districts).exclude(pk=process.scope_id)
        scope.empty_label = str(process.scope)
        language.initial = (get_language() or "en")[:2]

    @staticmethod
    def initial_of(proposal: Proposal) -> dict[str, Any]:
        return {name: getattr(proposal, name) for name in ("title", "body", "scope", "topic", "language", "version")}

    @property
    def text(self) -> dict[str, Any]:
        """What the actions take."""
        return {name: self.cleaned_data[name] for name in ("title", "body", "scope", "topic", "language")}

    def again(self, *, process: Process, version: int) -> ProposalForm:
        """The same typed text, to be saved over `version`."""
        data = cast(QueryDict, self.data).copy()
        data["version"] = str(version)
        return ProposalForm(data, process=process)


class CommentForm(forms.Form):
    body = forms.CharField(
        label=_("Your comment"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"dir": "auto", "rows": 4}),
        error_messages={"required": _("Write something before you publish it.")},
    )
    stance = forms.ChoiceField(
        label=_("Where do you stand?"),
        choices=Comment.Stance.choices,
        initial=Comment.Stance.NEUTRAL,
        widget=forms.RadioSelect,
    )
    parent = forms.ModelChoiceField(Comment.objects.none(), required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, proposal: Proposal, reply_to: Comment | None = None) -> None:
        # Several of these forms may stand on one page: each has ids of its own.
        super().__init__(data, auto_id=f"{f'r{reply_to.pk}' if reply_to else 'c'}_%s", initial={"parent": reply_to})
        parent = cast("forms.ModelChoiceField[Comment]", self.fields["parent"])
        parent.queryset = proposal.comments.all()
        if reply_to:
            self.fields["body"].label = _("Your reply")
            self.fields["body"].widget.attrs["autofocus"] = True


class FilterForm(forms.Form):
    """How a list is narrowed down and sorted. What it cannot read counts as not asked for."""

    q = Line(label=_("Search"), required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search", "dir": "auto"}))
    scope = forms.ModelChoiceField(
        Scope.objects.all(), label=_("District"), required=False, to_field_name="slug", empty_label=_("All districts")
    )
    topic = forms.ModelChoiceField(
        Topic.objects.all(), label=_("Topic"), required=False, to_field_name="slug", empty_label=_("All topics")
    )
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=SORTS)

    @property
    def wanted(self) -> dict[str, Any]:
        self.is_valid()
        return self.cleaned_data

    @property
    def is_narrow(self) -> bool:
        return any(self.wanted.get(name) for name in ("q", "scope", "topic"))
