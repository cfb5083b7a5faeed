"""Code blocks."""

from __future__ import annotations

import subprocess
import sys

from isrgen.render.highlight import highlight


def test_known_code_gets_classes_and_no_styles():
    html = highlight("def f(): pass\n", "Python")
    assert html is not None
    assert '<span class="k">def</span>' in html
    assert "style=" not in html


def test_unknown_and_very_long_code_stays_plain():
    assert highlight("x", "nolanguage") is None
    assert highlight("x = 1\n" * 100_000, "python") is None
    assert highlight("x", "") is None


def test_pygments_is_not_imported_before_there_is_code():
    code = "import sys, isrgen.render.markup, isrgen.render.highlight; sys.exit('pygments' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_template_half_needs_neither_markdown_nor_yaml():
    code = (
        "import sys, isrgen.render.page, isrgen.site.snapshot;"
        "sys.exit(bool({'markdown_it', 'mdit_py_plugins', 'yaml', 'pygments', 'click', 'rich',"
        " 'isrgen.config', 'isrgen.site.page'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
