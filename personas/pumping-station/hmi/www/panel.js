(function () {
  var hist = {}, keep = 300;
  var kept = ['raw.level', 'clear.level', 'raw.inflow', 'raw.outflow', 'outlet.flow', 'chlorine.residual', 'clear.turbidity'];
  try { hist = JSON.parse(sessionStorage.getItem('lv')) || {}; } catch (e) {}
  function each(sel, f) { Array.prototype.forEach.call(document.querySelectorAll(sel), f); }
  function note(v) {
    kept.forEach(function (t) {
      var h = hist[t] = hist[t] || [];
      h.push(v[t]);
      if (h.length > keep) h.shift();
    });
    try { sessionStorage.setItem('lv', JSON.stringify(hist)); } catch (e) {}
  }
  function show(v) {
    note(v);
    each('[data-t]', function (e) {
      var x = v[e.getAttribute('data-t')], d = e.getAttribute('data-d');
      if (x !== undefined) e.textContent = d === null ? x : Number(x).toFixed(d);
    });
    each('[data-level]', function (e) {
      var a = e.getAttribute('data-level').split(' ');
      var h = Math.max(0, Math.min(1, v[a[0]] / a[1])) * a[3];
      e.setAttribute('height', h.toFixed(1));
      e.setAttribute('y', (Number(a[2]) + Number(a[3]) - h).toFixed(1));
    });
    each('[data-pump]', function (e) {
      var p = e.getAttribute('data-pump'), c = e.getAttribute('data-class') || '';
      e.setAttribute('class', c + (v[p + '.fault'] ? ' fault' : v[p + '.run'] ? ' on' : ''));
    });
    each('[data-flow]', function (e) { e.setAttribute('class', v[e.getAttribute('data-flow')] > 0.5 ? '' : 'idle'); });
    each('[data-word]', function (e) {
      var a = e.getAttribute('data-word').split('|');
      e.textContent = v[a[0]] ? a[1] : a[2];
    });
    var b = document.getElementById('banner');
    if (b) {
      b.className = v.alarm ? 'banner bad' : 'banner';
      b.textContent = v.alarm ? 'ALARM ACTIVE - see alarm list' : v.cpu === 'run' ? 'No active alarm' : 'CONTROLLER IN ' + String(v.cpu).toUpperCase();
    }
    each('svg[data-trend]', function (e) { trend(e, v); });
  }
  function trend(svg, v) {
    svg.getAttribute('data-trend').split(';').forEach(function (s, n) {
      var a = s.split(','), h = hist[a[0]], pts = '';
      for (var i = 0; i < h.length; i++) {
        var y = 190 - Math.max(0, Math.min(1, (h[i] - a[1]) / (a[2] - a[1]))) * 180;
        pts += (900 - (h.length - 1 - i) * 3) + ',' + y.toFixed(1) + ' ';
      }
      svg.querySelectorAll('polyline')[n].setAttribute('points', pts);
    });
  }
  function poll() {
    var r = new XMLHttpRequest();
    r.open('GET', '/values.json', true);
    r.onreadystatechange = function () {
      if (r.readyState !== 4) return;
      if (r.status === 200) { try { show(JSON.parse(r.responseText)); } catch (e) {} }
      else { var b = document.getElementById('banner'); if (b) { b.className = 'banner bad'; b.textContent = 'CONNECTION LOST'; } }
      setTimeout(poll, 2000);
    };
    r.send();
  }
  poll();
})();
