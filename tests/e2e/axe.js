// What axe finds on the page, a text for each broken rule. The script is loaded by the page itself: what has an address
// is compiled once, not on every page.
async ({ asked, within, theme, ofColour }) => {
  const load = () =>
    new Promise((loaded, failed) => {
      const script = Object.assign(document.createElement("script"), { src: "/static/axe.min.js" });
      script.onload = loaded;
      script.onerror = () => failed(new Error("axe is not served"));
      document.head.append(script);
    });

  const look = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return "";
    const style = getComputedStyle(element);
    const { color, backgroundColor, backgroundImage, opacity, fontSize, fontWeight, textDecorationLine, position } = style;
    return [color, backgroundColor, backgroundImage, opacity, fontSize, fontWeight, textDecorationLine, position].join();
  };

  // Elements that look as they did the last time, and so does all they stand on.
  const unchanged = () => {
    const before = window.looks.get(theme);
    const now = new Map();
    const same = new Set();
    const walk = (element, isSame) => {
      now.set(element, look(element));
      const stays = isSame && before.get(element) === now.get(element);
      if (stays) same.add(element);
      for (const child of element.children) walk(child, stays);
    };
    walk(document.documentElement, before !== undefined);
    window.looks.set(theme, now);
    return same;
  };

  if (!window.axe) {
    await load();
    window.looks = new Map();
    for (const id of ofColour) {
      const rule = window.axe._audit.getRule(id);
      const matches = rule.matches;
      rule.matches = (node, ...rest) => !window.same.has(node) && matches.call(rule, node, ...rest);
    }
  }
  window.same = theme ? unchanged() : new Set();
  const { violations } = await window.axe.run(within ?? document, asked);
  return violations.map(({ id, help, nodes }) =>
    [`${id}: ${help}`, ...nodes.flatMap(({ html, failureSummary }) => [`    ${html}`, `    ${failureSummary}`])].join("\n"),
  );
};
