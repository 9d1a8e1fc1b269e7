"""Live views: anywidget classes, each with plain JavaScript modules and CSS in this folder.

`assets` joins the modules of a view. To add a view, write its class and its modules, and name them in `assets.MODULES`.
"""
