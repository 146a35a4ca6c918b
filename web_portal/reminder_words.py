"""What a reminder of a visit says: when, where, with whom, whom to call, and how to have none.

Never what the visit is for, and not the doctor's speciality: a reminder lies open on a locked telephone and in a mailbox
that others share, and "oncology" is a diagnosis. The doctor's name is said, since who has two visits must know which; the
subject of the mail says nothing at all.
"""

from flask_babel import lazy_gettext as _l

SUBJECT = _l("Reminder of your visit")

MAIL = _l(
    "You have a visit:\n\n%(when)s\n%(doctor)s\n%(place)s\n\n"
    "If you cannot come, please say so, so that somebody else can have that time: %(address)s\n\n"
    "Do you want to be reminded in another way, or not at all? Choose at %(choice)s"
)
MAIL_TELEPHONE = _l("Telephone: %(phone)s")

SMS = _l(
    "Your visit: %(when)s, %(doctor)s, %(place)s. If you cannot come: %(address)s"
    " No more reminders: %(choice)s"
)
SMS_TELEPHONE = _l("Tel. %(phone)s")
