#include "proto/commands_text.h"

const char ZPM_HELP_PING[] =
    "Starts no daemon. Exit code 0: it answered; 1: none does.\n";

const char ZPM_HELP_START[] =
    "The operand is a script (run by what its extension asks for), an\n"
    "executable, a command found in node_modules/.bin or PATH, the name\n"
    "of an app that zpm knows already, a folder, or a JSON file with one\n"
    "config or an array of them. Everything after -- goes to the app.\n"
    "\n"
    "For a folder (without an operand: this one, or --cwd) zpm looks for\n"
    "what to start, and says it. The first of these counts: the start\n"
    "script of package.json, by the package manager of its lock file (one\n"
    "that is only `node file` is run directly); its main; server.js,\n"
    "index.js, app.js; manage.py, app.py, main.py, wsgi.py; Cargo.toml\n"
    "(target/release, else cargo run); go.mod (the binary, else go run).\n"
    "The port comes from the start script, else from PORT in .env.\n"
    "\n"
    "A stopped app that is known is started again; fields given now\n"
    "are put over the stored ones. A running one is left alone: use\n"
    "`zpm restart <name> --port 3001` to change it.\n"
    "\n"
    "With --wait the command ends when the app is ready: its readiness\n"
    "probes have passed and, with --wait-ready, it has said so. If it\n"
    "fails, what it said last is shown, and the exit code is 1.\n"
    "\n"
    "Examples:\n"
    "  zpm start\n"
    "  zpm start server.js --name api --port 3000\n"
    "  zpm start server.js --dev\n"
    "  zpm start api.js --probe http://localhost:3000/up,kind=readiness "
    "--wait\n"
    "  zpm start server.js --max-memory 200M --cron \"0 4 * * *\"\n"
    "  zpm start worker.py --env QUEUE=mail --kill-timeout 30000\n"
    "  zpm start next -- start -p 4000\n"
    "  zpm start main.ts --with \"tsx --no-warnings\"\n"
    "  zpm start apps.json\n";

const char ZPM_HELP_RUN[] =
    "Supervises one app in the foreground, without a daemon: for the\n"
    "command of a container (it may be process 1), and for terminals. The\n"
    "operand and the options are those of `zpm start`.\n"
    "\n"
    "The app's output goes to standard output and standard error, what\n"
    "zpm has to say to standard error. SIGTERM and SIGINT (Ctrl-C) stop\n"
    "the app as `zpm stop` does; SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and\n"
    "SIGWINCH are passed on to it. Crashes are restarted as for `start`.\n"
    "\n"
    "It ends when the app has ended for good (with exit code 0, by a stop,\n"
    "or by a crash that is not tried again) and then with the app's exit\n"
    "code, 128 + N after signal N. Nothing is left behind. Its state lies\n"
    "in a folder of its own below XDG_RUNTIME_DIR, TMPDIR, /tmp or\n"
    "/dev/shm, the first that can be written: a daemon of yours is left\n"
    "alone, and a read-only root file system will do.\n"
    "\n"
    "Examples:\n"
    "  zpm run server.js\n"
    "  zpm run server.js --autorestart=false -- --port 3000\n"
    "  zpm run worker.py --max-memory 200M\n";

const char ZPM_HELP_STOP[] =
    "Sends the stop signal (SIGTERM, see --kill-signal of start),\n"
    "waits for the kill timeout (5 s), then sends SIGKILL. Ends when\n"
    "nothing is left. The app stays known: `zpm start <name>` starts\n"
    "it again.\n"
    "\n"
    "Examples:\n"
    "  zpm stop api worker\n"
    "  zpm stop all\n";

const char ZPM_HELP_RESTART[] =
    "Options change the app's stored config before it starts again.\n"
    "With --wait the command ends when the new process is ready.\n"
    "\n"
    "Examples:\n"
    "  zpm restart api\n"
    "  zpm restart api --port 3001 --env LOG_LEVEL=debug\n"
    "  zpm restart all\n";

const char ZPM_HELP_RELOAD[] =
    "Each new process is ready before an old one leaves, and has its sockets.\n"
    "The old one ends its open connections in up to --drain-timeout of start.\n"
    "If a new one ends or does not become ready, the old ones go on, and the\n"
    "exit code is 1. In fork mode this needs a Node server that listens at "
    "the\n"
    "app's port (--port of start); other apps are restarted.\n"
    "\n"
    "Examples:\n"
    "  zpm reload api\n"
    "  zpm reload api --parallel 2\n"
    "  zpm reload all\n";

const char ZPM_HELP_SCALE[] = "Examples:\n"
                              "  zpm scale api 4\n"
                              "  zpm scale api +2\n"
                              "  zpm scale api -1\n";

const char ZPM_HELP_DELETE[] = "Their log files stay.\n"
                               "\n"
                               "Examples:\n"
                               "  zpm delete api\n"
                               "  zpm delete all\n";

const char ZPM_HELP_STATS[] =
    "CPU and memory are of the app's whole process tree; the heap is\n"
    "that of JavaScript, for Node apps.\n"
    "\n"
    "Examples:\n"
    "  zpm stats\n"
    "  zpm stats api --json\n"
    "  zpm stats --sort memory --order desc\n";

const char ZPM_HELP_LIST[] = "Examples:\n"
                             "  zpm list\n"
                             "  zpm ls --status errored\n"
                             "  zpm list --json\n";

const char ZPM_HELP_DESCRIBE[] =
    "Its config, its processes, its log files, and how its last\n"
    "processes ended, with what they said last. Values of environment\n"
    "variables are hidden unless --show-env is given.\n"
    "\n"
    "Example:\n"
    "  zpm describe api\n";

const char ZPM_HELP_LOGS[] = "Examples:\n"
                             "  zpm logs api\n"
                             "  zpm logs api --lines 200 --no-follow\n"
                             "  zpm logs --err\n";

const char ZPM_HELP_DOCTOR[] =
    "Looks at the daemon, the keeper, folders, their permissions, limits\n"
    "and what this system allows: whether a stop can be sure to reach\n"
    "every process, how much may be watched, whose ports are seen, who\n"
    "apps can run as. It says what to do about each finding.\n";

const char ZPM_HELP_START_DAEMON[] =
    "Other commands do this by themselves. Apps that were\n"
    "running when the last daemon ended are started again.\n";

const char ZPM_HELP_UPDATE[] =
    "For after an update of zpm: the running daemon hands its apps over\n"
    "to the daemon of this zpm, and the keeper becomes the one that lies\n"
    "beside it. Apps run on: same processes, same connections, no line of\n"
    "output lost. If the new daemon cannot start, the old one goes on,\n"
    "the reason is shown, and the exit code is 1.\n"
    "\n"
    "Example:\n"
    "  npm install @zuzjs/pm@latest && npx zpm update\n";

const char ZPM_HELP_RESTART_DAEMON[] =
    "Apps that were running are stopped, and started again by the new\n"
    "daemon. After an update of zpm use `zpm update`: apps run on.\n";

const char ZPM_HELP_KILL_DAEMON[] =
    "The apps stay known; those that were running are started\n"
    "again by the next daemon.\n";

const char ZPM_HELP_STARTUP[] =
    "Writes and enables a service for systemd, OpenRC or launchd; without\n"
    "an operand, for what runs this machine. After a boot the apps that\n"
    "were wanted come back in the order in which they were started.\n"
    "\n"
    "With systemd it is a service of your own (and `loginctl\n"
    "enable-linger` lets it start before you log in); for root, and with\n"
    "--user NAME, one of the system. It runs copies of zpm in\n"
    "ZPM_HOME/bin, so that it does not depend on one version of Node:\n"
    "after an update of zpm, run `zpm startup` again.\n"
    "\n"
    "A daemon that runs now is left alone: the service takes effect with\n"
    "the next boot. When none runs, --now starts it at once.\n"
    "\n"
    "Examples:\n"
    "  zpm startup\n"
    "  sudo zpm startup --user deploy\n"
    "  zpm startup systemd --dry-run\n";

const char ZPM_HELP_UNSTARTUP[] =
    "Disables and removes the service. A daemon that runs goes on.\n";

const char ZPM_HELP_SAVE[] =
    "Not needed: every change is saved as it is made, and on the disk\n"
    "within a second. This waits until it is there, and says how many\n"
    "apps are known.\n";

const char ZPM_HELP_RESURRECT[] =
    "Not needed: whatever starts the daemon brings back the apps that\n"
    "were running. This starts it, if none runs, and says how many apps\n"
    "are wanted.\n";
