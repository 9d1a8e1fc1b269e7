"""Live views: ipywidgets and anywidget classes, each with plain JavaScript and CSS in this folder.

`assets` joins the JavaScript modules of the attention view. To add a view, write its class and its ``.js`` here.
"""
