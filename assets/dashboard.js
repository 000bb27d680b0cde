/* Loads the ES modules of the page for Dash, which calls functions of the window. */
(function () {
  "use strict";

  const modules = import(new URL("dashboard/main.js", document.currentScript.src));
  const pages = import(new URL("dashboard/pages.js", document.currentScript.src));
  const linking = import(new URL("dashboard/link.js", document.currentScript.src));
  const states = import(new URL("dashboard/states.js", document.currentScript.src));
  const pinning = import(new URL("dashboard/pins.js", document.currentScript.src));
  const saved = import(new URL("dashboard/sets.js", document.currentScript.src));

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    dashboard: {
      /* Runs when a page is to be shown, or the selection changes. */
      show: async function (...values) {
        // What the address says comes first: it calls this again.
        await (await linking).started;
        return (await pages).show(...values);
      },
      /* Runs when the panels of a page are drawn. */
      figures: async function (...values) {
        const { id } = dash_clientside.callback_context.outputs_list;
        return (await pages).figures(id, ...values);
      },
      /* Runs when a page is mounted. */
      mounted: async function (...contents) {
        await (await modules).mounted(...contents);
        return dash_clientside.no_update;
      },
      /* Runs when selection, colours, active location or a panel's projection change. */
      update: async function (...values) {
        return (await modules).update(...values);
      },
      /* Runs when the gallery is to show another order, view or page. */
      gallery: async function (...values) {
        await (await modules).gallery(...values);
        return dash_clientside.no_update;
      },
      /* Runs when a location with its neighbours is opened. */
      neighbors: async function (ids) {
        await (await modules).neighbors(ids);
        return dash_clientside.no_update;
      },
      /* Runs when the pinned locations or the active one change. */
      pins: async function (...values) {
        (await pinning).showPins(...values);
        return dash_clientside.no_update;
      },
      /* Runs when the server answers with the numbers of the overview. */
      overview: async function (numbers) {
        return (await modules).overview(numbers);
      },
      /* Runs when the server answers with the numbers of a class. */
      classDetail: async function (numbers) {
        await (await modules).classDetail(numbers);
        return dash_clientside.no_update;
      },
      /* Runs when the server answers with the numbers of the page Geography, or its measure changes. */
      geography: async function (...values) {
        await (await modules).geography(...values);
        return dash_clientside.no_update;
      },
      /* Runs when the server answers with what ties the selection to the training. */
      trainingTies: async function (ties) {
        await (await modules).trainingTies(ties);
        return dash_clientside.no_update;
      },
      /* Runs when the server answers with the numbers of the page Calibration. */
      calibration: async function (numbers) {
        await (await modules).calibration(numbers);
        return dash_clientside.no_update;
      },
      /* Runs when a class is chosen on its page. */
      narrowClass: async function (name) {
        await (await modules).narrowClass(name);
        return dash_clientside.no_update;
      },
      /* Runs when the server answers with the examples of a page. */
      examples: async function (cards) {
        await (await modules).examples(cards);
        return dash_clientside.no_update;
      },
      /* Runs when the server answers with the saved selections. */
      sets: async function (answer) {
        await (await saved).showSets(answer);
        return dash_clientside.no_update;
      },
      /* Runs when the server answers with the classes of the selection. */
      states: async function (rows) {
        (await states).showStates(rows);
        return dash_clientside.no_update;
      },
      /* Runs when anything changes that the address keeps. */
      link: async function () {
        const { inputs } = dash_clientside.callback_context;
        (await linking).write(inputs);
        return dash_clientside.no_update;
      },
    },
  });
})();
