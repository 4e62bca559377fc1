// Every part of the page that is there is brought to life.

function within(id, draw, has) {
  const view = document.getElementById(id);
  if (view && has) draw(view);
}

within("history-view", drawHistory, data.history);
within("rows-view", drawRows, data.rows);
within("answers-view", drawNumbers, data.kind === "number" && data.rows);
within("confusion-view", drawConfusion, Object.keys(data.matrices).length);
within("label-view", drawLabels, true);
within("relabel-view", drawRelabel, data.rows);
if (data.rows) findingLinks();
