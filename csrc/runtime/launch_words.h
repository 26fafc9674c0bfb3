#ifndef ZPM_RUNTIME_LAUNCH_WORDS_H
#define ZPM_RUNTIME_LAUNCH_WORDS_H

/* An errno in words, to stand amid a sentence: "no such file or directory". */
struct zpm_launch_words {
  char text[64];
};

struct zpm_launch_words zpm_launch_words(int error);

#endif
