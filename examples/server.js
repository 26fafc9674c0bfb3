// A small web server, to try zpm with:
//   zpm start examples/server.js --name demo --port 3000
const http = require("node:http");

const port = Number(process.env.PORT ?? 3000);
const started = Date.now();
let requests = 0;

const server = http.createServer((request, response) => {
  requests += 1;
  console.log(`${request.method} ${request.url}`);
  response.setHeader("content-type", "application/json");
  response.end(
    JSON.stringify({
      hello: "from zpm",
      pid: process.pid,
      uptime: Math.round((Date.now() - started) / 1000),
      requests,
    }) + "\n",
  );
});

server.listen(port, () => console.log(`listening on port ${port}`));

// zpm asks an app to stop by SIGTERM: finish what is open, then end.
process.on("SIGTERM", () => {
  console.log("stopping");
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
