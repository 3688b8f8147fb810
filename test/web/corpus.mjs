// Text that would do harm where a page takes it for anything but text. `hacked` stands for whatever a script could do, and
// evil.test for a host that must never hear of it.

const calls = 'window.hacked=1';
const there = 'http://evil.test/x';

/** HTML, SVG, URLs, templates and Unicode. */
export const markup = [
  `<script>${calls}</script>`, `<SCRIPT SRC="${there}"></SCRIPT>`, `<script type="module">${calls}</script>`, `</script><script>${calls}</script>`,
  `"><script>${calls}</script>`, `'><script>${calls}</script>`, `--><script>${calls}</script>`, `]]><script>${calls}</script>`, `</title><script>${calls}</script>`,
  `</textarea><script>${calls}</script>`, `</style><script>${calls}</script>`, `</noscript><script>${calls}</script>`, `<scr<script>ipt>${calls}</scr</script>ipt>`,
  `<img src=x onerror="${calls}">`, `<img src="${there}">`, `<img srcset="${there} 1x">`, `<img/src=x/onerror=${calls}>`, `<img src=x onerror=${calls}//`,
  `<IMG """><SCRIPT>${calls}</SCRIPT>">`, `<img src=javascript:${calls}>`, `<img dynsrc="${there}">`, `<image href="${there}">`, `<picture><source srcset="${there}"></picture>`,
  `<svg onload="${calls}">`, `<svg><script>${calls}</script></svg>`, `<svg><animate onbegin="${calls}" attributeName=x dur=1s>`, `<svg><set attributeName=href to="javascript:${calls}">`,
  `<svg><use href="${there}#x"/></svg>`, `<svg><image href="${there}"/></svg>`, `<svg><foreignObject><iframe src="${there}"></iframe></foreignObject></svg>`,
  `<svg><a xlink:href="javascript:${calls}"><text>x</text></a></svg>`, `<svg><style>@import "${there}"</style></svg>`, `<svg><title><img src=x onerror=${calls}></title></svg>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${calls}></style></mglyph></table></mtext></math>`, `<math href="javascript:${calls}">x</math>`,
  `<iframe src="${there}"></iframe>`, `<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>`, `<iframe src="javascript:parent.hacked=1">`, `<frameset onload="${calls}">`,
  `<object data="${there}"></object>`, `<embed src="${there}">`, `<applet code="${there}">`, `<base href="http://evil.test/">`, `<link rel=stylesheet href="${there}">`,
  `<link rel=prefetch href="${there}">`, `<link rel=dns-prefetch href="//evil.test">`, `<link rel=preconnect href="http://evil.test">`, `<meta http-equiv=refresh content="0;url=${there}">`,
  `<meta http-equiv=Set-Cookie content="x=1">`, `<style>@import "${there}";</style>`, `<style>*{background:url(${there})}</style>`, `<div style="background:url(${there})">x</div>`,
  `<div style="position:fixed;inset:0;z-index:9999;background:red">x</div>`, `<body onload="${calls}">`, `<body background="${there}">`, `<table background="${there}">`,
  `<video src="${there}" onerror="${calls}" autoplay>`, `<video><source onerror="${calls}">`, `<audio src="${there}" autoplay>`, `<track src="${there}">`, `<details open ontoggle="${calls}">x</details>`,
  `<input autofocus onfocus="${calls}">`, `<select autofocus onfocus="${calls}">`, `<textarea autofocus onfocus="${calls}">`, `<keygen autofocus onfocus="${calls}">`, `<button onclick="${calls}">x</button>`,
  `<form action="${there}"><button>x</button></form>`, `<form id=x></form><button form=x formaction="javascript:${calls}">x</button>`, `<isindex action="javascript:${calls}">`,
  `<marquee onstart="${calls}">x</marquee>`, `<dialog open onclose="${calls}">x</dialog>`, `<a href="javascript:${calls}">x</a>`, `<a href="data:text/html,<script>${calls}</script>">x</a>`, `<a ping="${there}" href="#">x</a>`,
  `<a href="${there}" target=_top>x</a>`, `<area href="javascript:${calls}">`, `<portal src="${there}">`, `<template><script>${calls}</script></template>`, `<template shadowrootmode=open><script>${calls}</script></template>`,
  `<slot onslotchange="${calls}">`, `<room-view></room-view>`, `<line-composer></line-composer>`, `<p id="toasts">x</p>`, `<a id=location name=location href="${there}">x</a>`, `<img name=getElementById>`,
  `<p onmouseover="${calls}">x</p>`, `<p onpointerenter=${calls}>x`, `<p style="animation:x" onanimationstart="${calls}">x</p>`, `<x contenteditable onblur=${calls}>x`, `<xmp><script>${calls}</script></xmp>`,
  `<plaintext>`, `<!--`, `-->`, `<!DOCTYPE html>`, `<?xml-stylesheet href="${there}"?>`, `<![CDATA[<script>${calls}</script>]]>`, `<%= ${calls} %>`, `{{constructor.constructor('${calls}')()}}`, `\${${calls}}`, `#{${calls}}`,
  `&lt;script&gt;${calls}&lt;/script&gt;`, `&#60;script&#62;${calls}&#60;/script&#62;`, `%3Cscript%3E${calls}%3C/script%3E`, `\\u003cscript\\u003e${calls}`, `\\x3cscript\\x3e${calls}`, `＜script＞${calls}＜/script＞`, `+ADw-script+AD4-${calls}`,
  `javascript:${calls}`, `JaVaScRiPt:${calls}`, ` javascript:${calls}`, `java\tscript:${calls}`, `javascript://evil.test/%0a${calls}`, `data:text/html;base64,PHNjcmlwdD53aW5kb3cuaGFja2VkPTE8L3NjcmlwdD4=`, `vbscript:${calls}`, 'blob:http://evil.test/x', 'view-source:http://evil.test/', 'file:///etc/passwd',
  'intent://evil.test#Intent;end', 'http://user:password@evil.test/', 'http://127.0.0.1@evil.test/', 'http://evil.test#@127.0.0.1/', 'http://evil.test\\@127.0.0.1/', 'https:evil.test', '//evil.test/x', 'http:///evil.test/x', 'http://xn--pple-43d.com/', 'http://аpple.com/', 'http://evil。test/', 'http://[::1]/', 'http://0x7f.1/', 'http://evil.test/"onmouseover="window.hacked=1', `http://evil.test/'><img src=x onerror=${calls}>`, 'http://evil.test/%00', 'https://evil.test/\u202egpj.exe', 'ws://evil.test/', 'mailto:x@evil.test', 'http://evil.test/) and (http://evil.test/', 'see https://evil.test/path?a=b&c=<d>.',
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'NaN', '[object Object]', '{"jsonrpc":"2.0","method":"event","params":{"type":"removed"}}', '\u0000', 'a\u0000b', '\ufeff', '\u202e\u202d\u2066', '\u2028\u2029', 'e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301', '𝕒𝕝𝕚𝕔𝕖', '👨‍👩‍👧‍👦', '﷽'.repeat(40), 'W'.repeat(2000), ' '.repeat(500) + 'x', '\n'.repeat(50) + 'x', '\t\t\t', 'א'.repeat(30) + 'abc', '0', '-1', 'true',
];
