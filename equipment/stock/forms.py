"""What a person says about a stock check."""

from django import forms
from django.utils.translation import gettext_lazy as _

from institutions.models import Room, Site
from portal.typed import RowField, TextField


class RoomField(RowField):
    """A room, called with its site."""

    def label_from_instance(self, room: Room) -> str:
        return f"{room.site.name} {room.name}"


class OpenForm(forms.Form):
    """What is counted: a room, a site, or everything."""

    title = TextField(label=_("名称"), max_length=60, help_text=_("例如：2026 年度设备盘点"))
    site = RowField(label=_("场所"), queryset=Site.objects.none(), required=False, help_text=_("不选就是全部场所"))
    room = RoomField(label=_("房间"), queryset=Room.objects.none(), required=False, help_text=_("不选就是整个场所"))

    def __init__(self, *args, actor, **kwargs):
        super().__init__(*args, **kwargs)
        sites = Site.objects.visible_to(actor).exclude(state=Site.State.WITHDRAWN)
        rooms = Room.objects.visible_to(actor).exclude(state=Room.State.WITHDRAWN).select_related("site")
        self.fields["site"].queryset = sites.order_by("name", "pk")
        self.fields["room"].queryset = rooms.order_by("site__name", "name", "pk")

    def clean(self):
        """A room lies in its site."""
        site, room = self.cleaned_data.get("site"), self.cleaned_data.get("room")
        if site and room and room.site_id != site.pk:
            self.add_error("room", _("这个房间不在所选的场所里。请改选房间，或不选场所。"))
        if room:
            self.cleaned_data["site"] = room.site
        return self.cleaned_data


class CountForm(forms.Form):
    """What was scanned or typed, and whether it is kept although nobody knows it."""

    text = forms.CharField(label=_("管理编号、出厂编号或器具码"), max_length=300, required=False)
    keep = forms.BooleanField(required=False)
