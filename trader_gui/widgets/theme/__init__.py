"""How it all looks: colour tokens, fonts, icons and the style sheet of the whole program.

`theme()` is the one theme in force. `theme().install(app)` styles the application; who paints by hand takes
`theme().color(token)` and listens to `theme().changed`. Colours live in `resources/themes/*.json` and nowhere else,
rules in `resources/themes/workspace.qss`, icons in `resources/icons/*.svg`.

A widget is told apart by dynamic properties (set a changing one with `set_style_property`, which styles it anew):

| widget | property | values |
|---|---|---|
| QPushButton | `kind` | `plain` (as without), `primary`, `danger` (Flatten), `buy`, `sell`, `segment`, `flat`, `link` |
| QPushButton `segment` | `place` / `small` | `first`, `last` round the ends / `true` is 22 high |
| QLabel | `role` | `label small unit mini body figure head value price_large title` |
| QLabel | `tone` | `text1 text2 text3 accent ok warn danger info up down`; stronger than the role's colour |
| QLineEdit, spin boxes | `state` | `error`, `warn`, or empty |
| QLineEdit, QComboBox | `kind` | `bare`: no border (inside a composed field, or as a quiet choice) |
| QFrame | `kind` | `panel plot bar head cell rule banner toast popover` |
| QFrame `cell banner toast` | `tone` | `accent ok warn danger`, or empty |
"""

from trader_gui.widgets.theme.current import Theme, set_style_property, theme
from trader_gui.widgets.theme.fonts import make_font, points

__all__ = ["Theme", "make_font", "points", "set_style_property", "theme"]
