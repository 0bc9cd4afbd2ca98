// Drives JupyterLab in headless Chromium, as a person would by keyboard and mouse.
//
// Reads a job as JSON from standard input, {url, token, kernel, chromium, sandbox, shots,
// notebooks: {name: file}}, and prints one JSON object a line: {"step": .., "ok": .., "detail": .., "ms": ..}.
// A step that fails leaves a screenshot, and the next one begins with a fresh page.
"use strict";

const path = require("node:path");
const { chromium } = require("playwright-core");

const job = JSON.parse(require("node:fs").readFileSync(0, "utf8"));

// Longest waits, in milliseconds: for the page, and for cells.
const PAGE = 60000;
const CELLS = 90000;

const say = (step, ok, detail, ms) => console.log(JSON.stringify({ step, ok, detail: String(detail ?? ""), ms }));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

class Failure extends Error {}

// check throws with what was seen unless a condition holds.
function check(condition, what) {
	if (!condition) throw new Failure(what);
}

// until polls a function until it returns something true, and returns that.
async function until(what, ms, fn) {
	const end = Date.now() + ms;
	for (let last; ; await sleep(100)) {
		try {
			last = await fn();
			if (last) return last;
		} catch (e) {
			if (e instanceof Failure) throw e;
			last = e;
		}
		if (Date.now() > end) throw new Failure(`waited ${ms} ms for ${what}` + (last instanceof Error ? `: ${last.message}` : ""));
	}
}

// Lab is one page with JupyterLab.
class Lab {
	constructor(page) {
		this.page = page;
		this.complaints = []; // errors of the console and of scripts
		this.foreign = []; // requests to other hosts
		const own = new URL(job.url).host;
		page.on("console", (m) => m.type() === "error" && this.complaints.push(m.text()));
		page.on("pageerror", (e) => this.complaints.push(String(e)));
		page.on("requestfailed", (r) => r.failure()?.errorText !== "net::ERR_ABORTED" && this.complaints.push(`${r.url()}: ${r.failure()?.errorText}`));
		page.on("request", (r) => {
			const u = new URL(r.url());
			if (["http:", "https:", "ws:", "wss:"].includes(u.protocol) && u.host !== own) this.foreign.push(r.url());
		});
		page.on("websocket", (w) => new URL(w.url()).host !== own && this.foreign.push(w.url()));
	}

	// open shows a notebook, and waits for its kernel.
	async open(file) {
		await this.page.goto(`${job.url}/lab/tree/${file}?token=${job.token}&reset`, { timeout: PAGE });
		await this.page.waitForSelector(".jp-Notebook .jp-Cell", { timeout: PAGE });
		await this.idle(PAGE);
	}

	// idle waits until there is a kernel and it has nothing to do, by the status bar: the mark of the
	// notebook itself is that of an idle kernel even while there is none yet.
	async idle(ms) {
		const status = this.page.locator(".jp-StatusBar-Widget");
		await until("the kernel to be idle", ms, async () => (await status.innerText()).includes(`${job.kernel} | Idle`)).catch(async (e) => {
			throw new Failure(`${e.message}; the status bar says ${JSON.stringify(await status.innerText())}`);
		});
	}

	// cell is the i-th cell of the notebook.
	cell(i) {
		return this.page.locator(".jp-Notebook .jp-Cell").nth(i);
	}

	// command leaves the editor, so that keys are commands.
	async command(i) {
		await this.cell(i).locator(".jp-InputPrompt").click();
		await this.page.keyboard.press("Escape");
	}

	// run runs one cell, and returns when the kernel has it.
	async run(i) {
		const prompt = this.cell(i).locator(".jp-InputPrompt");
		const before = await prompt.textContent();
		await this.command(i);
		await this.page.keyboard.press("Control+Enter");
		await until(`cell ${i} to begin`, 10000, async () => (await prompt.textContent()) !== before);
	}

	// menu chooses an entry of a menu.
	async menu(name, entry) {
		await this.page.locator(".lm-MenuBar-itemLabel", { hasText: new RegExp(`^${name}$`) }).click();
		await this.page.locator(".lm-Menu-itemLabel", { hasText: new RegExp(`^${entry}`) }).first().click();
	}

	// prompts are the marks before the cells of code, such as "[3]:", or "[*]:" of one that waits or runs.
	prompts() {
		return this.page.evaluate(() =>
			[...document.querySelectorAll(".jp-Notebook .jp-CodeCell .jp-InputPrompt")].map((e) => e.textContent.trim()));
	}

	// ran waits until no cell waits or runs.
	async ran(ms) {
		await until("the cells to have run", ms, async () => (await this.prompts()).every((p) => !p.includes("*")));
		await this.idle(ms);
	}

	// outputs are those of a cell: MIME type, text and HTML.
	outputs(i) {
		return this.cell(i).evaluate((c) =>
			[...c.querySelectorAll(".jp-OutputArea-output")].map((e) => ({
				mime: e.getAttribute("data-mime-type") || "",
				text: e.textContent,
				html: e.innerHTML,
			})));
	}

	// output waits for an output of a cell that a function accepts, and returns it.
	output(i, what, accept, ms = CELLS) {
		let seen = [];
		return until(`${what} below cell ${i}`, ms, async () => (seen = await this.outputs(i)).find(accept)).catch((e) => {
			throw new Failure(`${e.message}; seen: ${JSON.stringify(seen.map((o) => [o.mime, o.text.slice(0, 300)]))}`);
		});
	}

	async shot(name) {
		await this.page.screenshot({ path: path.join(job.shots, name + ".png"), timeout: 20000 }).catch(() => {});
	}
}

// JupyterLab shows the traceback of an error as it shows what is written to standard error.
const isError = (o) => o.mime === "application/vnd.jupyter.error" || o.mime === "application/vnd.jupyter.stderr";

// Cells of the notebooks, by their place; the test that makes the notebooks counts the same way.
const TOUR = { text: 1, table: 2, svg: 3, png: 4, map: 5, progress: 6, steps: 7, result: 8 };

// shown checks that all outputs of the tour are there.
async function shown(lab) {
	const is = (mime) => (o) => o.mime.includes(mime);
	const text = await lab.output(TOUR.text, "a text", (o) => o.text.includes("Grüße, 世界"));
	check(text.mime.includes("stdout"), `the text is of type ${text.mime}`);
	await lab.output(TOUR.table, "a table", (o) => o.html.includes("<table") && o.text.includes("Elm Lane"));
	await lab.output(TOUR.svg, "an SVG", (o) => is("svg")(o) || o.html.includes("<svg"));
	await lab.output(TOUR.png, "a PNG", is("image/png"));
	const drawn = await lab.cell(TOUR.png).locator("img").evaluate((e) => e.complete && e.naturalWidth);
	check(drawn > 100, `the PNG is ${drawn} pixels wide`);
	await lab.output(TOUR.map, "a map", (o) => o.html.includes("<iframe"));
	await lab.output(TOUR.progress, "the end of the work", (o) => o.text.includes("12 of 12"));
	await lab.output(TOUR.steps, "a full bar", (o) => o.text.includes("streets") && o.text.includes("12 of 12"));
	await lab.output(TOUR.result, "the value of a cell as a table", (o) => o.html.includes("<table") && o.text.includes("392"));
	await noErrors(lab);
}

// noErrors checks that no cell of the tour has failed.
async function noErrors(lab) {
	for (const i of Object.values(TOUR)) {
		const error = (await lab.outputs(i)).find(isError);
		check(!error, `cell ${i} failed: ${error?.text.slice(0, 1000)}`);
	}
}

// pane is how the map in a frame is moved and zoomed just now.
const pane = (frame) =>
	frame.evaluate(() => ({
		moved: document.querySelector(".leaflet-map-pane")?.style.transform,
		zoomed: [...document.querySelectorAll(".leaflet-overlay-pane path, .leaflet-overlay-pane canvas")].slice(0, 1).map((e) => e.getAttribute("d") || e.style.transform + e.width + "x" + e.height).join(),
		scale: document.querySelector(".leaflet-control-scale-line")?.textContent,
	}));

const steps = {
	async "run all"(lab) {
		await lab.open(job.notebooks.tour);
		await lab.menu("Run", "Run All Cells$");
		// Each bar goes through its states in one output, in place.
		const bars = new Map([[TOUR.progress, new Set()], [TOUR.steps, new Set()]]);
		await until("the end of the work", CELLS, async () => {
			for (const [i, states] of bars) {
				const outs = await lab.outputs(i);
				check(outs.length <= 1, `${outs.length} outputs below the cell ${i} with progress, want one that changes`);
				if (outs.length === 1) states.add(outs[0].html);
			}
			await noErrors(lab);
			const prompts = await lab.prompts();
			return prompts.every((p) => !p.includes("*")) && [...bars.values()].every((states) => states.size > 0);
		});
		await lab.ran(CELLS);
		await shown(lab);
		for (const [i, states] of bars) check(states.size >= 3, `the bar below cell ${i} was seen in ${states.size} states: ${[...states]}`);
		await lab.shot("run-all");
		return `prompts ${(await lab.prompts()).join(" ")}, states of the bars: ${[...bars.values()].map((s) => s.size).join(" and ")}`;
	},

	async "map moves"(lab) {
		await lab.cell(TOUR.map).scrollIntoViewIfNeeded();
		const element = await lab.cell(TOUR.map).locator("iframe").first().elementHandle();
		const frame = await element.contentFrame();
		await until("the map to be drawn", 20000, () => frame.evaluate(() => document.querySelectorAll(".leaflet-overlay-pane path, .leaflet-overlay-pane canvas").length > 0));
		const box = await element.boundingBox();
		const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
		await lab.shot("map-before");
		const before = await pane(frame);
		await lab.page.mouse.move(x, y);
		await lab.page.mouse.down();
		await lab.page.mouse.move(x + 60, y + 40, { steps: 8 });
		await lab.page.mouse.up();
		const dragged = await until("the map to be moved", 5000, async () => {
			const now = await pane(frame);
			return now.moved !== before.moved && now;
		});
		await frame.locator(".leaflet-control-zoom-in").click();
		await until("the map to be zoomed", 5000, async () => {
			const now = await pane(frame);
			return now.zoomed !== dragged.zoomed || now.scale !== dragged.scale;
		});
		await sleep(500);
		await lab.shot("map-moved");
		return `${before.moved} -> ${dragged.moved}`;
	},

	async "restart"(lab) {
		await lab.menu("Kernel", "Restart Kernel and Run All Cells");
		await lab.page.locator(".jp-Dialog .jp-mod-accept").click();
		await until("the cells to begin again", 20000, async () => (await lab.prompts()).some((p) => p.includes("*")));
		await lab.ran(CELLS);
		await shown(lab);
		const prompts = await lab.prompts();
		check(prompts[0] === "[1]:", `after a restart the first cell is ${prompts[0]}`);
		return prompts.join(" ");
	},

	async "interrupt"(lab) {
		await lab.open(job.notebooks.interrupt);
		await lab.run(0);
		await lab.output(0, "the beginning of the long cell", (o) => o.text.includes("working"));
		const start = Date.now();
		await lab.command(0);
		await lab.page.keyboard.press("i");
		await lab.page.keyboard.press("i");
		await lab.ran(10000);
		const took = Date.now() - start;
		const error = await lab.output(0, "an error", isError, 5000);
		check(/interrupt/i.test(error.text), `the error does not say that it was interrupted: ${error.text}`);
		await lab.shot("interrupted");
		await lab.run(1);
		await lab.output(1, "the next cell's output", (o) => o.text.includes("still here"));
		check(took < 3000, `the interrupt took ${took} ms`);
		return `${took} ms, then the next cell ran`;
	},

	async "error stops"(lab) {
		await lab.open(job.notebooks.error);
		await lab.menu("Run", "Run All Cells$");
		const error = await lab.output(1, "an error", isError);
		await lab.ran(CELLS);
		const outs = await lab.outputs(1);
		check(outs.length === 1, `${outs.length} outputs of a cell that fails, want one: ${JSON.stringify(outs.map((o) => [o.mime, o.text.slice(0, 200)]))}`);
		check(error.text.includes("the bridge is out"), `the error is ${error.text}`);
		check(/(line|:)\s*3\b/i.test(error.text), `the error does not name line 3 of the cell: ${error.text}`);
		check(error.text.split("\n").length < 40, `the traceback has ${error.text.split("\n").length} lines`);
		check((await lab.outputs(2)).length === 0, "the cell after the error has run");
		const prompts = await lab.prompts();
		check(prompts[2] === "[ ]:", `the cell after the error is marked ${prompts[2]}`);
		await lab.shot("error");
		return error.text.slice(0, 400);
	},

	async "complete"(lab) {
		await lab.open(job.notebooks.write);
		await lab.run(0); // its imports are known from here on
		await lab.ran(CELLS);
		const start = Date.now();
		await lab.cell(1).locator(".cm-content").click();
		await lab.page.keyboard.press("Control+End");
		await lab.page.keyboard.type("strings.HasP");
		await lab.page.keyboard.press("Tab");
		const text = () => lab.cell(1).locator(".cm-content").innerText();
		// One match is put in at once, several are offered.
		await until("a completion", 15000, async () =>
			(await text()).includes("strings.HasPrefix") || (await lab.page.locator(".jp-Completer:visible .jp-Completer-item").count()) > 0);
		const took = Date.now() - start;
		await lab.shot("complete");
		if (!(await text()).includes("strings.HasPrefix")) {
			await lab.page.locator(".jp-Completer-item", { hasText: "HasPrefix" }).first().click();
		}
		await until("the name in the cell", 5000, async () => (await text()).includes("strings.HasPrefix"));
		// Several matches: the list is filtered by typing, and Enter picks.
		await lab.page.keyboard.press("Control+End");
		await lab.page.keyboard.type("\nstrings.T");
		await lab.page.keyboard.press("Tab");
		const list = lab.page.locator(".jp-Completer:visible .jp-Completer-item");
		await until("a list of names", 15000, async () => (await list.count()) > 3);
		const offered = await list.allInnerTexts();
		await lab.shot("complete-list");
		await lab.page.keyboard.type("rimSp");
		await sleep(300);
		await lab.page.keyboard.press("Enter");
		await until("the picked name in the cell", 5000, async () => (await text()).includes("strings.TrimSpace"));
		return `first after ${took} ms, then ${offered.length} offered`;
	},

	async "inspect"(lab) {
		await lab.cell(2).locator(".cm-content").click();
		await lab.page.keyboard.press("Control+End");
		await lab.page.keyboard.type("strings.HasPrefix");
		const start = Date.now();
		await lab.page.keyboard.press("Shift+Tab");
		const tip = lab.page.locator(".jp-Tooltip:visible");
		await until("the documentation", 15000, async () => (await tip.count()) > 0 && /HasPrefix (reports|tests) whether/.test(await tip.innerText()));
		await lab.shot("inspect");
		return `${Date.now() - start} ms`;
	},

	async "input"(lab) {
		await lab.run(3);
		const field = lab.page.locator(".jp-Stdin-input");
		await field.first().waitFor();
		await sleep(500);
		await lab.shot("input");
		check((await field.count()) === 1, `${await field.count()} fields ask for input, want one`);
		check((await lab.cell(3).innerText()).includes("Your name?"), "the question is not shown");
		await field.fill("Ada");
		await field.press("Enter");
		await lab.output(3, "the answer", (o) => o.text.includes("hello Ada"));
		return "";
	},
};

// Steps that go on where another one has ended.
const NEEDS = { "map moves": "run all", restart: "run all", inspect: "complete", input: "complete" };

async function main() {
	const browser = await chromium.launch({
		executablePath: job.chromium,
		args: ["--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
		chromiumSandbox: job.sandbox,
	});
	try {
		const context = await browser.newContext({ viewport: { width: 1400, height: 3100 } });
		context.setDefaultTimeout(15000);
		const pages = [];
		let lab;
		const fresh = async () => {
			lab = new Lab(await context.newPage());
			pages.push(lab);
		};
		await fresh();
		const failed = new Set();
		for (const [name, step] of Object.entries(steps)) {
			const start = Date.now();
			try {
				check(!failed.has(NEEDS[name]), `needs what "${NEEDS[name]}" shows`);
				say(name, true, await step(lab), Date.now() - start);
			} catch (e) {
				failed.add(name);
				await lab.shot("failed-" + name.replaceAll(" ", "-"));
				say(name, false, e instanceof Failure ? e.message : e.stack, Date.now() - start);
				await lab.page.close().catch(() => {});
				await fresh();
			}
		}
		const complaints = pages.flatMap((p) => p.complaints);
		say("console", complaints.length === 0, complaints.slice(0, 10).join("\n"), 0);
		const foreign = pages.flatMap((p) => p.foreign);
		say("other hosts", foreign.length === 0, foreign.slice(0, 10).join("\n"), 0);
	} finally {
		await browser.close();
	}
}

main().catch((e) => {
	say("driver", false, e.stack, 0);
	process.exit(1);
});
