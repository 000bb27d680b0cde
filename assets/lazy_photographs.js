/* Loads photographs, `<img data-src>`, when they come into view: Dash's Img has no lazy loading. */
(function () {
  "use strict";

  const near = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        near.unobserve(entry.target);
        entry.target.src = entry.target.dataset.src;
      }
    },
    { rootMargin: "0px 600px" }
  );

  function wait(image) {
    // The element may have shown another location before.
    image.removeAttribute("src");
    near.unobserve(image);
    near.observe(image);
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") wait(change.target);
      for (const node of change.addedNodes) {
        if (node.querySelectorAll) node.querySelectorAll("img[data-src]").forEach(wait);
      }
    }
  }).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-src"],
  });
})();
