/* Hears "yes" and "no" in recordings of 16 kHz sound, with two models as edgegen wrote them: one turns sound into
 * features, the other features into words.
 *
 *     python examples/keyword/demo.py --target generic
 *     cd out/keyword
 *     cc -std=c99 -O2 -I . ../../examples/keyword/keyword.c sound_features.c words.c -lm -o hear
 *     ./hear ../../examples/keyword/yes.wav
 *
 * In firmware, what fetches sound from a microphone takes the place of main; the rest stays. */
#include <stdio.h>
#include <string.h>

#include "sound_features.h"
#include "words.h"

enum {
    WINDOW = SOUND_FEATURES_INPUT_ELEMENTS,    /* 30 ms of sound, */
    STEP = 320,                                /* of which 20 ms are new */
    CHANNELS = SOUND_FEATURES_OUTPUT_ELEMENTS, /* features of a window */
    SEEN = WORDS_INPUT_ELEMENTS,               /* features of all windows that the network sees at once */
    HEADER = 44                                /* bytes before the sound in a .wav file */
};

static const char *const CLASSES[WORDS_OUTPUT_ELEMENTS] = { "silence", "unknown", "yes", "no" };

typedef struct {
    sound_features_t features;
    words_t words;
    int16_t sound[WINDOW]; /* the latest; a model's own input is overwritten when it runs */
    int8_t seen[SEEN];     /* features of the latest windows, the newest last */
    int windows;           /* so far, up to SEEN / CHANNELS */
} keyword_t;

static void keyword_init(keyword_t *k, const int16_t first[WINDOW - STEP])
{
    sound_features_init(&k->features);
    words_init(&k->words);
    memcpy(k->sound + STEP, first, (WINDOW - STEP) * sizeof *first);
    k->windows = 0;
}

/* The class of the last second of sound, of which `latest` is the end; -1 while there is less. */
static int keyword_hear(keyword_t *k, const int16_t latest[STEP])
{
    memmove(k->sound, k->sound + STEP, (WINDOW - STEP) * sizeof *k->sound);
    memcpy(k->sound + WINDOW - STEP, latest, STEP * sizeof *latest);
    memcpy(sound_features_input(&k->features), k->sound, sizeof k->sound);
    sound_features_run(&k->features);

    memmove(k->seen, k->seen + CHANNELS, SEEN - CHANNELS);
    memcpy(k->seen + SEEN - CHANNELS, sound_features_output(&k->features), CHANNELS);
    if (++k->windows < SEEN / CHANNELS) {
        return -1;
    }
    k->windows = SEEN / CHANNELS;
    memcpy(words_input(&k->words), k->seen, SEEN);
    words_run(&k->words);

    const int8_t *scores = words_output(&k->words);
    int best = 0;
    for (int i = 1; i < WORDS_OUTPUT_ELEMENTS; i++) {
        best = scores[i] > scores[best] ? i : best;
    }
    return best;
}

int main(int count, char **files)
{
    static keyword_t keyword;
    static int16_t sound[STEP];
    for (int i = 1; i < count; i++) {
        int heard = -1;
        FILE *file = fopen(files[i], "rb");
        if (file == NULL || fseek(file, HEADER, SEEK_SET) != 0
            || fread(sound, sizeof *sound, WINDOW - STEP, file) != WINDOW - STEP) {
            fprintf(stderr, "cannot read %s\n", files[i]);
            return 1;
        }
        keyword_init(&keyword, sound);
        while (fread(sound, sizeof *sound, STEP, file) == STEP) {
            heard = keyword_hear(&keyword, sound);
        }
        fclose(file);
        printf("%s: %s\n", files[i], heard < 0 ? "less than a second" : CLASSES[heard]);
    }
    return 0;
}
