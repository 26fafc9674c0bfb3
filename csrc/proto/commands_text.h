#ifndef ZPM_PROTO_COMMANDS_TEXT_H
#define ZPM_PROTO_COMMANDS_TEXT_H

/* What the help of a command says below its summary. */
extern const char ZPM_HELP_PING[];
extern const char ZPM_HELP_START[];
extern const char ZPM_HELP_RUN[];
extern const char ZPM_HELP_STOP[];
extern const char ZPM_HELP_RESTART[];
extern const char ZPM_HELP_RELOAD[];
extern const char ZPM_HELP_SCALE[];
extern const char ZPM_HELP_DELETE[];
extern const char ZPM_HELP_STATS[];
extern const char ZPM_HELP_LIST[];
extern const char ZPM_HELP_DESCRIBE[];
extern const char ZPM_HELP_LOGS[];
extern const char ZPM_HELP_DOCTOR[];
extern const char ZPM_HELP_START_DAEMON[];
extern const char ZPM_HELP_UPDATE[];
extern const char ZPM_HELP_RESTART_DAEMON[];
extern const char ZPM_HELP_KILL_DAEMON[];
extern const char ZPM_HELP_STARTUP[];
extern const char ZPM_HELP_UNSTARTUP[];
extern const char ZPM_HELP_SAVE[];
extern const char ZPM_HELP_RESURRECT[];

#endif
