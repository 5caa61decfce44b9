// Live regions: one socket per topic, server to page only. What a region needs, all in its markup:
//
//   data-live-topic, data-live-seq    what it watches, and the number of the last message that it contains
//   data-live-url                     where it is fetched again when a message was missed
//   data-live-mode                    "insert": messages hold new items; "replace": messages are the whole [data-live-body]
//   data-live-since                   insert: highest number of an item that the page may contain; sent as ?since=
//
// Inside it, each optional: .live (its data-state is kept true), [data-live-pause] (button), [data-live-new] (button that
// leads to new items), [data-live-say] (aria-live). An item has data-live-item (its number) and data-live-parent; it goes
// where data-live-children names that parent ("0": the top), whose data-live-order is "newest" or "oldest". An element with
// data-live-slot replaces the content of those of the same name in the page. Everything inserted is sanitised by the server.
"use strict";

(() => {
  const STALE_AFTER = 25000, SAY_EVERY = 10000, SEEN_AFTER = 6000, RETRY = 1000, LONGEST_RETRY = 30000, OFFLINE_AFTER = 3;
  const language = document.documentElement.lang || "en";
  const numbers = new Intl.NumberFormat(language);
  const regions = new Map();

  const parse = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };
  const inWords = (element, count) => (count === 1 ? element.dataset.one : element.dataset.many.replace("%s", numbers.format(count)));

  // What is being read must not move: remember it and its place, change the page, put it back. The browser's own anchoring
  // is off meanwhile, or both would correct the same shift.
  function withoutMoving(region, change) {
    const page = document.scrollingElement;
    const anchor = beingRead(region);
    const before = anchor?.getBoundingClientRect().top;
    page.style.overflowAnchor = "none";
    change();
    if (anchor?.isConnected) {
      const shift = anchor.getBoundingClientRect().top - before;
      if (shift) window.scrollBy({ top: shift, behavior: "instant" });
    }
    requestAnimationFrame(() => requestAnimationFrame(() => { page.style.overflowAnchor = ""; }));
  }

  function beingRead(region) {
    const visible = (element) => {
      const box = element.getBoundingClientRect();
      return box.bottom > 0 && box.top < innerHeight && box.height > 0;
    };
    const focused = document.activeElement;
    if (focused?.matches("textarea, input, select") && visible(focused)) return focused;
    for (const element of region.querySelectorAll("[data-live-anchor]")) if (visible(element)) return element;
    return document.elementFromPoint(innerWidth / 2, innerHeight / 2);
  }

  function watch(region) {
    const { liveTopic: topic, liveUrl: url, liveMode: mode = "insert" } = region.dataset;
    const status = region.querySelector(".live");
    const pauseButton = region.querySelector("[data-live-pause]");
    const newButton = region.querySelector("[data-live-new]");
    const sayRegion = region.querySelector("[data-live-say]");
    let seq = Number(region.dataset.liveSeq), since = Number(region.dataset.liveSince || 0);
    let socket = null, heard = Date.now(), failures = 0, retry = 0;
    let paused = false, latest = seq, catchingUp = false, waiting = [];
    let unsaid = 0, summary = "", saidAt = 0, saying = 0;

    function show(state) {
      if (paused) state = "paused";
      if (!status || status.dataset.state === state) return;
      status.dataset.state = state;
      region.classList.toggle("is-stale", mode === "replace" && (state === "stale" || state === "offline"));
      let text = status.querySelector(".live__since");
      if (!text) text = status.appendChild(Object.assign(document.createElement("span"), { className: "live__since" }));
      const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(heard);
      const words = region.dataset.liveSinceText;
      text.textContent = words && (state === "stale" || state === "offline") ? words.replace("%s", time) : "";
    }

    function connect() {
      clearTimeout(retry);
      if (socket?.readyState === WebSocket.CONNECTING) return;
      if (socket) { socket.onclose = null; socket.close(); }
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      const query = new URLSearchParams({ topic, language });
      socket = new WebSocket(`${scheme}://${location.host}/live/?${query}`);
      socket.onmessage = (event) => { failures = 0; hear(JSON.parse(event.data)); };
      socket.onclose = () => {
        socket = null;
        if (!navigator.onLine) { show("offline"); return; }            // the event "online" connects again
        failures += 1;
        show(failures >= OFFLINE_AFTER ? "offline" : "stale");
        if (failures >= OFFLINE_AFTER && !paused) catchUp(null);   // no socket gets through: look by hand now and then
        const wait = Math.min(LONGEST_RETRY, RETRY * 2 ** (failures - 1));
        retry = setTimeout(connect, wait * (0.5 + Math.random() / 2));
      };
    }

    function hear(message) {
      heard = Date.now();
      if (message.seq !== null) latest = message.seq;
      if (paused) return;
      if (catchingUp) { waiting.push(message); return; }
      if (message.seq === null) catchUp(null);
      else if (message.html === undefined) {
        if (message.seq === seq) show("live");
        else catchUp(message.seq);
      } else if (message.seq === seq + 1) {
        seq = message.seq;
        apply(parse(message.html));
        show("live");
      } else if (message.seq > seq) catchUp(message.seq);
    }

    // Everything announced before we ask is in the answer, so afterwards the page is at `target`. When it fails, the next
    // heartbeat asks again.
    async function catchUp(target) {
      if (catchingUp) return;
      catchingUp = true;
      if (target !== null) show("stale");
      try {
        for (let more = true; more;) {
          const address = new URL(url, location.href);
          if (mode === "insert") address.searchParams.set("since", since);
          const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
          if (!answer.ok) throw new Error(`${address.pathname}: ${answer.status}`);
          const content = parse(await answer.text());
          more = content.querySelector("[data-live-continue]") !== null;
          for (const item of content.querySelectorAll("[data-live-item]")) since = Math.max(since, Number(item.dataset.liveItem));
          if (paused) break;
          apply(content);
        }
        if (target !== null && !paused) { seq = target; show("live"); }
      } catch (error) {
        show("stale");
      } finally {
        catchingUp = false;
        const messages = waiting;
        waiting = [];
        messages.forEach(hear);
      }
    }

    function apply(content) {
      if (mode === "replace") replace(content);
      else insert(content, false);
    }

    function insert(content, own) {
      let inserted = [];
      withoutMoving(region, () => {
        inserted = [...content.querySelectorAll("[data-live-item]")].filter((item) => place(item, own));
        for (const slot of content.querySelectorAll("[data-live-slot]")) {
          for (const place of document.querySelectorAll(`[data-live-slot="${slot.dataset.liveSlot}"]`)) {
            place.replaceChildren(...slot.cloneNode(true).childNodes);
          }
        }
      });
      for (const item of inserted) {
        window.htmx?.process(item);
        item.classList.add("is-new");
        seen.observe(item);
      }
      if (own) {
        const [number] = [...content.querySelectorAll("[data-live-item]"), ...inserted].map((item) => item.dataset.liveItem);
        const item = region.querySelector(`[data-live-item="${Number(number)}"]`);
        if (item) { item.dataset.liveSeen = ""; item.tabIndex = -1; item.focus(); showNew(); }
      }
      region.querySelector("[data-live-none]")?.toggleAttribute("hidden", region.querySelector("[data-live-item]") !== null);
      if (!own && inserted.length) { say(inserted.length, ""); showNew(); }
    }

    function place(item, own) {
      const number = Number(item.dataset.liveItem);
      if (region.querySelector(`[data-live-item="${number}"]`)) return false;
      const holder = region.querySelector(`[data-live-children="${Number(item.dataset.liveParent)}"]`);
      if (!holder) return false;                                     // its conversation is not on this page
      const newest = holder.dataset.liveOrder === "newest";
      const elsewhere = newest ? holder.hasAttribute("data-live-tail") : holder.querySelector(":scope > [data-live-more]") !== null;
      if (elsewhere && !own) return false;                           // it belongs to a page that is not shown
      const next = [...holder.children].find((other) => {
        const theirs = Number(other.dataset.liveItem);
        return newest ? theirs < number || other.hasAttribute("data-live-more") : theirs > number;
      });
      holder.insertBefore(item, next || null);
      holder.hidden = false;
      return true;
    }

    function replace(content) {
      const body = region.matches("[data-live-body]") ? region : region.querySelector("[data-live-body]") || region;
      const whole = content.querySelector("[data-live-body]") || content;
      const open = [...body.querySelectorAll("details[open][id]")].map((details) => details.id);
      const focus = body.contains(document.activeElement) ? document.activeElement.id : "";
      withoutMoving(region, () => body.replaceChildren(...whole.childNodes));
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
      if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
      window.htmx?.process(body);
      say(1, body.querySelector("[data-live-summary]")?.textContent.trim() || "");
    }

    function say(count, text) {
      unsaid += count;
      summary = text;
      if (!sayRegion || saying) return;
      saying = setTimeout(() => {
        sayRegion.textContent = mode === "replace" ? summary : inWords(sayRegion, unsaid);
        saidAt = Date.now();
        saying = unsaid = 0;
      }, Math.max(0, saidAt + SAY_EVERY - Date.now()));
    }

    const unseen = () => [...region.querySelectorAll("[data-live-item].is-new:not([data-live-seen])")];

    function showNew() {
      if (!newButton) return;
      const count = unseen().length;
      if (newButton.hidden !== (count === 0)) withoutMoving(region, () => { newButton.hidden = count === 0; });
      if (count) (newButton.querySelector("[data-live-label]") || newButton).textContent = inWords(newButton, count);
    }

    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        entry.target.dataset.liveSeen = "";
        setTimeout(() => entry.target.classList.remove("is-new"), SEEN_AFTER);
      }
      showNew();
    }, { threshold: 0, rootMargin: "-8px 0px" });

    newButton?.addEventListener("click", () => {
      const [first] = unseen();
      if (!first) return;
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
      first.scrollIntoView({ block: "center" });
    });

    if (pauseButton) {
      pauseButton.hidden = false;
      pauseButton.addEventListener("click", () => {
        paused = !paused;
        pauseButton.setAttribute("aria-pressed", String(paused));
        if (paused) show("paused");
        else catchUp(latest);
      });
    }

    setInterval(() => {
      if (Date.now() - heard <= STALE_AFTER || paused) return;
      show("stale");
      if (socket?.readyState === WebSocket.OPEN) socket.close();     // half open: nothing comes through it any more
    }, 1000);
    addEventListener("online", connect);
    addEventListener("offline", () => { clearTimeout(retry); socket?.close(); show("offline"); });
    addEventListener("pagehide", () => { clearTimeout(retry); if (socket) { socket.onclose = null; socket.close(); socket = null; } });
    addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
    connect();
    return { insert, region };
  }

  function watchAll() {
    for (const region of document.querySelectorAll("[data-live-topic]")) {
      const known = regions.get(region.dataset.liveTopic);
      if (!known || !known.region.isConnected) regions.set(region.dataset.liveTopic, watch(region));
    }
  }

  // What a person has just written comes with the answer to the form, so that it is there even where no socket is.
  document.addEventListener("htmx:afterSwap", () => {
    watchAll();
    for (const template of document.querySelectorAll("template[data-live-insert]")) {
      regions.get(template.dataset.liveInsert)?.insert(template.content, true);
      template.remove();
    }
    for (const { region } of regions.values()) {
      const found = new Set();
      for (const item of region.querySelectorAll("[data-live-item]")) {
        if (found.has(item.dataset.liveItem)) item.remove();         // loaded again with a further page
        found.add(item.dataset.liveItem);
      }
    }
  });

  watchAll();
})();
