"""The catcher's folder and pages: what they keep, and that a mail cannot write the page."""

from email.message import EmailMessage
from pathlib import Path

from remedy.messages import catcher
from remedy.messages.catcher import Folder


def a_mail(
    subject: str = "Your request", text: str = "Accepted.", to: str = "asha@town.example"
) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "remedy@localhost", to, subject
    mail.set_content(text)
    return mail.as_bytes()


def test_the_newest_mail_is_first(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "mail")
    for subject in ("one", "two", "three"):
        folder.keep(a_mail(subject))
    subjects = [str(mail["Subject"]) for name in folder.names() if (mail := folder.mail(name))]
    assert subjects == ["three", "two", "one"]


def test_only_so_many_mails_are_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for number in range(catcher.KEPT + 3):
        folder.keep(b"Subject: %d\n\n" % number)
    names = folder.names()
    assert len(names) == catcher.KEPT
    newest, oldest = folder.mail(names[0]), folder.mail(names[-1])
    assert newest is not None
    assert oldest is not None
    assert (newest["Subject"], oldest["Subject"]) == (str(catcher.KEPT + 2), "3")


def test_a_mail_cannot_write_the_page(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.keep(a_mail("<script>one</script>", "<script>two</script>"))
    (name,) = folder.names()
    mail = folder.mail(name)
    assert mail is not None
    pages = catcher._list_page(folder) + catcher._mail_page(mail)
    assert "&lt;script&gt;one" in pages
    assert "&lt;script&gt;two" in pages
    assert "<script" not in pages


def test_no_name_reaches_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.eml").write_bytes(a_mail())
    folder = Folder(tmp_path / "mail")
    assert folder.mail("../secret.eml") is None
    assert folder.mail("") is None
