"""What looks at the pages can fail: in one look only, and also where it has looked before."""

import pytest
from django.urls import reverse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STYLE = """css => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
}"""
ICON = "() => document.querySelector('main form').insertAdjacentHTML('beforeend', '<button><i></i></button>')"


@pytest.fixture
def login(browser_page):
    page = browser_page()
    page.goto(reverse("accounts:login"))
    return page


@pytest.mark.parametrize(
    ("look", "css", "rule"),
    [
        ("prefers-color-scheme: dark", "label { color: #222 !important }", "color-contrast"),
        ("max-width: 760px", "label { color: #ddd !important }", "color-contrast"),
        ("max-width: 760px", "main form { background: #777 !important }", "color-contrast"),
        ("max-width: 760px", "main form label { display: none }", "label"),
    ],
    ids=["colour in dark", "colour on a phone", "ground on a phone", "name on a phone"],
)
def test_fault_of_one_look_is_found(login, in_every_look, look, css, rule):
    login.evaluate(STYLE, f"@media ({look}) {{ {css} }}")
    with pytest.raises(AssertionError, match=f"(?m)^{rule}: "):
        in_every_look(login)


def test_target_too_small_on_a_phone_is_found(login, in_every_look):
    login.evaluate(
        "() => document.querySelector('main form').insertAdjacentHTML('beforeend', "
        "'<p class=near><a href=/1>1</a> <a href=/2>2</a></p>')"
    )
    login.evaluate(
        STYLE,
        ".near a { display: inline-block; padding: 20px }"
        "@media (max-width: 760px) { .near { line-height: 1 } .near a { padding: 0; width: 8px; margin: 0 } }",
    )
    with pytest.raises(AssertionError, match=r"(?m)^target-size: "):
        in_every_look(login)


def test_button_without_a_name_is_found(login, in_every_look):
    login.evaluate(ICON)
    with pytest.raises(AssertionError, match=r"(?m)^button-name: "):
        in_every_look(login)
