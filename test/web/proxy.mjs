// A proxy for HTTP, as a program of its own on the host of a browser. It prints its port, and each request.
// Its argument is what it does: "refuse" everything, hand on what is "plain" and refuse connections, or "all".

import { createServer, request } from 'node:http';
import { connect } from 'node:net';

const does = process.argv[2];
const server = createServer((from, to) => {
  console.log(`${from.method} ${from.url}`);
  if (does === 'refuse') return to.writeHead(403, { 'Content-Type': 'text/plain' }).end('the proxy refuses');
  const on = request(from.url, { method: from.method, headers: from.headers }, (answer) => {
    to.writeHead(answer.statusCode, answer.headers);
    answer.pipe(to);
  });
  on.on('error', () => to.writeHead(502).end());
  from.pipe(on);
});
server.on('connect', (from, client, head) => {
  console.log(`CONNECT ${from.url}`);
  if (does !== 'all') return client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  const [host, port] = from.url.split(':');
  const on = connect(Number(port), host, () => {
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    on.write(head);
    on.pipe(client).pipe(on);
  });
  for (const [one, other] of [[on, client], [client, on]]) one.on('error', () => other.destroy());
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
