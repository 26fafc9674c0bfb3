import pm = require("@zuzjs/pm");

const manager: pm.ProcessManager = new pm.ProcessManager({ home: "/tmp/zpm" });
const mode: pm.WorkerMode = pm.WorkerMode.Cluster;
const stats: Promise<pm.WorkerStats[]> = manager.stats();
export { mode, stats };
