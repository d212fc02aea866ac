// The browser of rows: the rows lie in the page, gzipped, and are unpacked when the page opens. The page says what its rows are by
// three functions: matches(row, the values of the selects), searched(row), the text to search, and shown(row), an element.
const browser = document.getElementById("browser"), size = 25;
const [words, status, list] = ["words", "status", "list"].map((id) => document.getElementById(id));
const selects = [...browser.querySelectorAll("select")], [back, next] = browser.querySelectorAll("nav button");
let rows = [], texts = [], found = [], page = 0, timer = 0;

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// Characters that would act on the reader's screen instead of being read are shown as what they are.
const visible = (text) => text.replace(/\r\n/g, "\n").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => {
  if ("\n\t\u200c\u200d".includes(c)) return c;
  const code = c.codePointAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "␡" : "\\u" + code.toString(16).padStart(4, "0");
});

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const wanted = () => words.value.toLowerCase().split(/\s+/).filter(Boolean);

// Marks the words that were searched for.
function marked(text) {
  text = visible(text);
  const parts = wanted().map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!parts.length) return [text];
  return text.split(new RegExp(`(${parts.join("|")})`, "gi")).map((part, i) => (i % 2 ? element("mark", "", part) : part));
}

function field(name, text) {
  const body = element("div", text.trim() ? "text" : "text none", ...(text.trim() ? marked(text) : [text ? "only white space" : "empty"]));
  body.dir = "auto";
  return element("div", "", element("h4", "", name[0].toUpperCase() + name.slice(1)), body);
}

// A row that folds open; its contents are made when it is opened first.
function folded(className, summary, contents) {
  const fold = element("details", className, element("summary", "", ...summary));
  fold.addEventListener("toggle", () => { if (fold.open && fold.children.length === 1) fold.append(...contents()); });
  return element("li", "", fold);
}

const firstLine = (text) => visible(text.slice(0, 300).replace(/\s+/g, " "));

function show() {
  const last = Math.max(0, Math.ceil(found.length / size) - 1);
  page = Math.min(Math.max(page, 0), last);
  list.replaceChildren(...found.slice(page * size, (page + 1) * size).map((i) => shown(rows[i])));
  back.disabled = page === 0;
  next.disabled = page === last;
  const from = found.length ? page * size + 1 : 0, to = Math.min((page + 1) * size, found.length);
  status.textContent = `${from.toLocaleString("en")} to ${to.toLocaleString("en")} of ${found.length.toLocaleString("en")} rows`;
}

function filter() {
  const all = wanted(), chosen = selects.map((select) => select.value);
  found = [];
  for (let i = 0; i < rows.length; i++) {
    if (!matches(rows[i], chosen)) continue;
    if (all.length) {
      texts[i] ??= searched(rows[i]).toLowerCase();
      if (!all.every((word) => texts[i].includes(word))) continue;
    }
    found.push(i);
  }
  page = 0;
  show();
}

function turn(by) {
  page += by;
  show();
  list.querySelector("summary")?.focus({ preventScroll: true });
  browser.scrollIntoView({ block: "start" });
}

words.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, rows.length > 5000 ? 150 : 0); });
for (const select of selects) select.addEventListener("input", filter);
back.addEventListener("click", () => turn(-1));
next.addEventListener("click", () => turn(1));
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !typing) { event.preventDefault(); words.focus(); }
  if (!list.contains(event.target) || typing) return;
  const all = [...list.querySelectorAll("summary")], place = all.indexOf(event.target);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && place >= 0) { event.preventDefault(); all[place + step]?.focus(); }
  if (event.key === "ArrowRight" && !next.disabled) turn(1);
  if (event.key === "ArrowLeft" && !back.disabled) turn(-1);
});
unpacked(document.getElementById("rows").textContent).then((given) => {
  rows = given;
  texts = new Array(rows.length);
  browser.classList.add("ready");
  filter();
}, () => { status.textContent = `This browser cannot unpack the rows; they are in ${browser.dataset.files}.`; });
