/* Draws a tree of Dash's html components as one component; see workbench/dashboard/static_html.py. */
(function () {
  "use strict";

  function element(node) {
    if (Array.isArray(node)) return React.createElement(React.Fragment, null, ...node.map(element));
    if (node === null || typeof node !== "object") return node;
    const { children = null, ...props } = node.props;
    return React.createElement(node.type.toLowerCase(), props, element(children));
  }

  window.workbench = { StaticHtml: ({ content }) => element(content) };
})();
