"use strict";
(function () {
  var d = JSON.parse(document.getElementById("scene").textContent);
  var el = document.getElementById("map");
  var map = L.map(el, {zoomSnap: 0, zoomDelta: 0.75, wheelPxPerZoomLevel: 120, maxZoom: 20, attributionControl: false});
  L.control.attribution({prefix: "Leaflet " + L.version}).addTo(map).addAttribution(text(d.credit));
  L.control.scale({imperial: false, position: "bottomright", maxWidth: 140}).addTo(map);

  // Two canvases: the base map below takes no part in the search for what is
  // under the pointer.
  var basePane = map.createPane("ground");
  basePane.style.zIndex = 300;
  basePane.style.pointerEvents = "none";
  var ground = L.canvas({pane: "ground", padding: 0.3});
  var front = L.canvas({padding: 0.3, tolerance: 3});

  function text(s) {
    var e = document.createElement("span");
    e.textContent = s;
    return e.innerHTML;
  }

  // Marks other than discs, drawn on the same canvases.
  function outline(ctx, kind, x, y, r, a) {
    ctx.beginPath();
    if (kind === "star") {
      for (var i = 0; i < 10; i++) {
        var rad = r * 1.5 * (i % 2 ? 0.45 : 1), t = i * Math.PI / 5;
        ctx[i ? "lineTo" : "moveTo"](x + rad * Math.sin(t), y - rad * Math.cos(t));
      }
      ctx.closePath();
    } else if (kind === "arrow") {
      ctx.moveTo(x + 2 * r * Math.sin(a), y - 2 * r * Math.cos(a));
      ctx.lineTo(x + r * Math.sin(a + Math.PI / 3), y - r * Math.cos(a + Math.PI / 3));
      ctx.arc(x, y, r, a + Math.PI / 3 - Math.PI / 2, a - Math.PI / 3 - Math.PI / 2, false);
      ctx.closePath();
    } else {
      ctx.arc(x, y, r, 0, 2 * Math.PI);
    }
  }
  L.Canvas.include({
    _updateSign: function (layer) {
      if (!this._drawing || layer._empty()) { return; }
      var p = layer._point, o = layer.options;
      outline(this._ctx, o.sign, p.x, p.y, Math.max(layer._radius, 1), o.turn || 0);
      this._fillStroke(this._ctx, layer);
    }
  });
  var Sign = L.CircleMarker.extend({
    _updatePath: function () { this._renderer._updateSign(this); },
    _containsPoint: function (p) { return p.distanceTo(this._point) <= this._radius * 1.6 + this._clickTolerance(); }
  });

  function colour(c) { return c ? c.slice(0, 7) : undefined; }
  function alpha(c) { return c ? parseInt(c.slice(7, 9), 16) / 255 : 0; }
  function style(s, l) {
    return {
      renderer: l.base ? ground : front, pane: l.base ? "ground" : "overlayPane", interactive: !l.base,
      stroke: !!s.line && s.width > 0, color: colour(s.line), opacity: alpha(s.line), weight: s.width, dashArray: s.dash || null,
      fill: !!s.fill, fillColor: colour(s.fill), fillOpacity: alpha(s.fill), smoothFactor: 0.7
    };
  }
  function chain(c) {
    var out = [], x = 0, y = 0;
    for (var i = 0; i < c.length; i += 2) {
      x += c[i]; y += c[i + 1];
      out.push([d.origin[1] + y * d.step, d.origin[0] + x * d.step]);
    }
    return out;
  }
  function tip(layer, strings, a, b) {
    var name = strings[a], detail = strings[b];
    if (!name && !detail) { return; }
    layer.bindTooltip(function () {
      var e = document.createElement("div");
      e.className = "tip";
      if (name) { e.appendChild(document.createElement("b")).textContent = name; }
      if (detail) { e.appendChild(document.createElement("span")).textContent = detail; }
      return e;
    }, {sticky: true});
  }

  // Streets widen with the square root of the zoom, as in the still picture.
  var growing = [], zoom0;
  function grow() {
    if (zoom0 === undefined) { return; }
    var g = Math.min(Math.max(d.growth * Math.pow(2, (map.getZoom() - zoom0) / 2), 0.7), 8);
    growing.forEach(function (e) { e[0].options.weight = e[1] * g + e[2] * Math.sqrt(g); });
  }
  map.on("zoomend", grow);

  var groups = d.groups.map(function () { return L.layerGroup(); });
  var titles = {};
  d.layers.forEach(function (l) {
    l.base = d.groups[l.group].base;
    var g = groups[l.group], n = 0, o = style(l.style, l);
    function put(shape) {
      if (l.text) { tip(shape, l.text.strings, l.text.entries[2 * n], l.text.entries[2 * n + 1]); }
      n++;
      g.addLayer(shape);
    }
    var lines = (l.lines || []).map(chain);
    if (lines.length && l.style.casing && l.style.edge) {
      var under = L.polyline(lines, L.extend({}, o, {color: colour(l.style.casing), opacity: alpha(l.style.casing), weight: l.style.width + 2 * l.style.edge, dashArray: null, interactive: false, fill: false}));
      if (l.style.grow) { growing.push([under, l.style.width, 2 * l.style.edge]); }
      g.addLayer(under);
    }
    var lineStyle = L.extend({}, o, {fill: false});
    (l.base && lines.length ? [lines] : lines).forEach(function (c) {
      var shape = L.polyline(c, L.extend({}, lineStyle));
      if (l.style.grow) { growing.push([shape, l.style.width, 0]); }
      put(shape);
    });
    var rings = (l.polygons || []).map(function (p) { return p.map(chain); });
    rings.forEach(function (p) { put(L.polygon(p, o)); });
    var pts = l.points || [];
    for (var i = 0; i < pts.length; i += 2) {
      var at = [d.origin[1] + pts[i + 1] * d.step, d.origin[0] + pts[i] * d.step];
      var po = L.extend({}, o, {radius: l.style.radius || 3, sign: l.style.mark, fill: o.fill && l.style.mark !== "ring"});
      if (l.headings) { po.turn = l.headings[i / 2] * Math.PI / 180; }
      put(new Sign(at, po));
    }
  });
  d.groups.forEach(function (g, i) {
    if (g.on) { groups[i].addTo(map); }
    titles[text(g.name)] = groups[i];
  });
  L.control.layers(null, titles, {collapsed: true}).addTo(map);
  // A group that is switched on again goes back to its place in the order.
  map.on("overlayadd", function (e) {
    for (var i = groups.indexOf(e.layer) + 1; i < groups.length; i++) {
      if (map.hasLayer(groups[i])) { groups[i].eachLayer(function (s) { s.bringToFront(); }); }
    }
  });

  function sample(l) {
    var c = document.createElement("canvas"), s = l.style, x = c.getContext("2d");
    c.width = 52; c.height = 32;
    x.scale(2, 2); x.lineCap = "round";
    function line(col, w, dash) {
      x.beginPath(); x.moveTo(2, 8); x.lineTo(24, 8);
      x.strokeStyle = col; x.lineWidth = w; x.setLineDash(dash ? dash.split(" ").map(Number) : []); x.stroke();
    }
    function paint() {
      if (s.fill && s.mark !== "ring") { x.fillStyle = s.fill; x.fill(); }
      if (s.line && s.width > 0) { x.strokeStyle = s.line; x.lineWidth = Math.min(s.width, 2); x.stroke(); }
    }
    if (l.holds === "point") {
      outline(x, s.mark, 13, 8, Math.min(Math.max(s.radius || 3, 3), 5.5), 0.9); paint();
    } else if (l.holds === "line") {
      if (s.casing && s.edge) { line(s.casing, s.width + 2 * s.edge); }
      line(s.line, s.width, s.dash);
    } else {
      x.beginPath(); x.rect(4, 3, 18, 10); s.mark = ""; paint();
    }
    return c;
  }
  var named = d.layers.filter(function (l) { return l.legend && d.groups[l.group].on; }).reverse();
  if (named.length) {
    var legend = L.control({position: "bottomleft"});
    legend.onAdd = function () {
      var box = L.DomUtil.create("div", "legend");
      named.forEach(function (l) {
        var row = L.DomUtil.create("div", "", box);
        row.appendChild(sample(l));
        row.appendChild(document.createElement("span")).textContent = l.legend;
      });
      L.DomEvent.disableScrollPropagation(box);
      return box;
    };
    legend.addTo(map);
  }

  // A frame below the fold has no size when the script runs: fit at the first
  // size that is not zero, and again at each other one until the map is used.
  var used = false;
  ["pointerdown", "wheel", "keydown"].forEach(function (e) {
    el.addEventListener(e, function () { used = true; }, {passive: true});
  });
  new ResizeObserver(function () {
    if (!el.clientWidth || !el.clientHeight) { return; }
    map.invalidateSize({animate: false});
    if (!used) {
      var b = L.latLngBounds([d.bound[1], d.bound[0]], [d.bound[3], d.bound[2]]);
      var topLeft = [d.margin + d.inset, d.margin], bottomRight = [d.margin, d.margin];
      zoom0 = map.getBoundsZoom(b, false, L.point(2 * d.margin + d.inset, 2 * d.margin));
      grow();
      map.fitBounds(b, {animate: false, paddingTopLeft: topLeft, paddingBottomRight: bottomRight});
      grow();
      el.setAttribute("data-map-ok", String(d.layers.length));
    }
  }).observe(el);
})();
