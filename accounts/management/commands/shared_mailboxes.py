"""List accounts that share a mailbox with another account.

They are from before addresses were compared by their domain in ASCII. Both work: the
second is found by exactly its own spelling of the address.
"""

from __future__ import annotations

from django.core.management.base import BaseCommand

from accounts.addresses import email_key
from accounts.models import User


class Command(BaseCommand):
    help = "List accounts whose addresses are spellings of one mailbox."

    def handle(self, **options) -> None:
        for user in User.objects.filter(email_key__regex="[^\x01-\x7f]").order_by("pk"):
            owner = User.objects.filter(email_key=email_key(user.email)).first()
            if owner and owner.pk != user.pk:
                self.stdout.write(
                    f"{owner.pk} {owner.email} and {user.pk} {user.email}"
                )
