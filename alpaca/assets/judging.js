// The page on which people judge: shows what /state gives, and sends verdicts until the server has them.
"use strict";
const $ = (id) => document.getElementById(id);
const KEYS = { 1: "first", 2: "second", 3: "tie", 4: "both_bad", ArrowLeft: "first", ArrowRight: "second" };
const SAID = { first: "answer 1 is better", second: "answer 2 is better", tie: "a tie", both_bad: "both bad" };
const UNSENT = "unsent";  // in the tab's storage: a verdict that the server may not have yet
const SECONDS_BETWEEN_LOOKS = 1;
let token = "", state = null, shown = null, since = 0, busy = false;

const sleep = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
const many = (count, things) => `${count} ${things}${count === 1 ? "" : "s"}`;

function tell(text, problem = false) {
  $("status").textContent = text;
  $("status").classList.toggle("problem", problem);
  $("refused").textContent = problem ? text : "";
}

// Asks the server once: whether it agreed, what it said, and whether to ask again, since it is away or cannot save.
async function once(path, body) {
  try {
    const headers = { Person: token, "Content-Type": "application/json" };
    const method = body ? "POST" : "GET";
    const reply = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(15000) });
    return [reply.ok, await reply.json(), reply.status >= 500];
  } catch {
    return [false, { error: "The server cannot be reached." }, true];
  }
}

// Asks until there is an answer: nothing is lost while the server is away.
async function ask(path, body) {
  for (let wait = 0.5; ; wait = Math.min(2 * wait, 4)) {
    const [agreed, said, again] = await once(path, body);
    if (!again) {
      if (wait > 0.5) tell("");
      return [agreed, said];
    }
    tell(`${said.error} ${path === "say" ? "Your verdict is kept here and sent again" : "Trying again"} …`, true);
    await sleep(wait);
  }
}

function identity() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Does one thing at a time; keys that are pressed meanwhile count for nothing.
async function alone(work) {
  if (busy) return;
  busy = true;
  for (const button of $("bar").querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  try {
    await work();
  } finally {
    busy = false;
    for (const button of $("bar").querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
}

async function send(path, body, done) {
  const [agreed, said] = await ask(path, body);
  sessionStorage.removeItem(UNSENT);
  tell(agreed ? done : said.error, !agreed);
  if (agreed) show(said);
  else await look();
}

const say = (choice) => alone(() => {
  const seconds = (performance.now() - since) / 1000;
  const said = { id: identity(), task: state.task.id, choice, comment: $("comment").value.trim(), seconds };
  sessionStorage.setItem(UNSENT, JSON.stringify(said));
  return send("say", said, `Saved: ${SAID[choice]}.`);
});

const undo = () => alone(async () => {
  if (state?.last) await send("undo", { id: state.last }, "Taken back. Give your verdict anew; Enter keeps the one from before.");
});

async function look() {
  const [known, said] = await ask("state");
  if (known) show(said);
  else { token = ""; welcome(said.error); }
}

function only(id) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
  $("top").hidden = $("bar").hidden = id === "join";
}

function welcome(problem) {
  only("join");
  tell(problem, true);
  $("name")?.focus();
}

function duration(seconds) {
  if (seconds === null) return "";
  return seconds < 50 ? "less than a minute left" : `about ${seconds < 5400 ? many(Math.round(seconds / 60), "minute") : many(Math.round(seconds / 3600), "hour")} left`;
}

function put(id, text) {
  $(id).textContent = text.trim() ? text : "(empty)";
  $(id).classList.toggle("none", !text.trim());
}

function show(given) {
  state = given;
  $("count").textContent = `${given.done} of ${given.of} judged`;
  $("left").textContent = given.task ? duration(given.seconds_left) : "";
  $("person").textContent = given.person;
  $("progress").max = given.of;
  $("progress").value = given.done;
  $("undo").hidden = !given.last;
  $("choices").hidden = $("remark").hidden = !given.task;
  if (given.task) pose(given.task, given.before);
  else rest(given);
}

function pose(task, before) {
  only("asked");
  document.title = `${state.done + 1} of ${state.of} · Which answer is better?`;
  for (const button of $("choices").children) button.setAttribute("aria-pressed", String(button.dataset.choice === before?.choice));
  if (shown === task.id) return;
  shown = task.id;
  $("title").textContent = `Task ${state.done + 1} of ${state.of}: which answer is better?`;
  for (const part of ["instruction", "input", "first", "second"]) put(part, task[part]);
  $("input").hidden = !task.input.trim();
  $("comment").value = before?.comment ?? "";
  since = performance.now();
  scrollTo(0, 0);
  $("title").focus({ preventScroll: true });
}

// All is judged: tell how far the others are, and in the end how far all agree.
function rest(given) {
  const first = shown !== "end";
  only("end");
  shown = "end";
  document.title = "Thank you";
  $("thanks").textContent = `Thank you, ${given.person}.`;
  $("others").textContent = `You have judged all ${given.of}. ` + (given.agreement
    ? `Everybody is done; the page closes ${given.closes_in > 1 ? `in ${many(Math.round(given.closes_in), "second")}` : "now"}.`
    : given.others_left === 1 ? "One other person is not done yet." : `${given.others_left} other people are not done yet.`);
  $("agreement").hidden = !given.agreement?.pairs;
  if (given.agreement?.pairs) agree(given.agreement);
  if (first) { $("thanks").focus(); watch(); }
}

function agree({ pairs, krippendorff_alpha: alpha }) {
  const number = (value) => (value === null ? "–" : value.toFixed(2).replace("-", "−"));
  const row = ({ judges, tasks, agreement, cohen_kappa: kappa }) => {
    const line = document.createElement("tr");
    const same = tasks ? `${Math.round(agreement * tasks)} of ${tasks}` : "–";
    for (const text of [judges.join(" and "), same, number(kappa)]) line.append(Object.assign(document.createElement("td"), { textContent: text }));
    return line;
  };
  $("agreement").tBodies[0].replaceChildren(...pairs.map(row));
  $("alpha").textContent = `Krippendorff’s alpha of all: ${number(alpha)}`;
}

async function watch() {
  while (shown === "end") {
    await sleep(SECONDS_BETWEEN_LOOKS);
    if (busy || shown !== "end") continue;
    const [agreed, said] = await once("state");
    if (busy || shown !== "end") continue;
    if (agreed) show(said);
    else if (state.agreement) return closed();
    tell(agreed ? "" : said.error, !agreed);
  }
}

function closed() {
  $("others").textContent = "Everybody is done, and all verdicts are kept. You can close this page.";
  $("bar").hidden = true;
}

async function join(name) {
  const [agreed, said] = await ask("join", { name });
  if (!agreed) return welcome(said.error);
  history.replaceState(null, "", `${location.pathname}#${said.token}`);
  await begin();
}

async function begin() {
  token = location.hash.slice(1);
  const name = new URLSearchParams(location.search).get("person");
  if (!token) return name ? join(name) : welcome("");
  const unsent = JSON.parse(sessionStorage.getItem(UNSENT));
  if (unsent) await alone(() => send("say", unsent, "Saved: your verdict from before."));
  else await look();
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || $("bar").hidden) return;
  if (event.target === $("comment")) {
    if (event.key === "Escape" || (event.key === "Enter" && !event.shiftKey && !event.isComposing)) { event.preventDefault(); $("title").focus(); }
    return;
  }
  const choice = KEYS[event.key] ?? (event.key === "Enter" && event.target.tagName !== "BUTTON" ? state.before?.choice : undefined);
  const work = event.key.toLowerCase() === "u" ? undo : !state?.task ? null : event.key.toLowerCase() === "c" ? () => $("comment").focus({ preventScroll: true }) : choice && (() => say(choice));
  if (work) { event.preventDefault(); work(); }
}

document.addEventListener("keydown", press);
addEventListener("hashchange", begin);
$("undo").addEventListener("click", undo);
for (const button of $("choices").children) button.addEventListener("click", () => say(button.dataset.choice));
$("form")?.addEventListener("submit", (event) => { event.preventDefault(); join($("name").value); });
begin();
