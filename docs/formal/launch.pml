/* The launch protocol of the daemon-scheduler (docs/formal/README.md): one environment, one
 * container instance, CALLS calls of StartTask, CRASHES crashes between any two steps.
 *
 * The world may execute a call late (within EFFECT_MAX ticks of its sending, assumption A1) or
 * never, answer it before that, lose its answer, and let tasks die. What happened shows in ECS's
 * lists late (within VISIBLE_MAX ticks, A2), and in the scheduler's picture, which events make, at
 * any time or never: before the lists, or long after.
 * Safety: never two live tasks. Liveness: no intent stays open for ever.
 *
 * Broken on purpose by -D: NO_INTENT (nothing durable before the call), NO_SETTLE ("not seen yet"
 * taken for "it did not happen"), SHORT_SETTLE (a wait that forgets EFFECT_MAX), NO_OUTCOME (an
 * answered start is forgotten until the picture shows it), SHORT_DROP (an outcome is given up
 * after a wait that forgets EFFECT_MAX), STALE_LOOK (it is given up after the whole wait, by a look
 * made before), NO_KNOWN (any task seen there closes the intent), NO_CLOSE (waits for a sighting
 * for ever). check runs them all.
 */
#ifndef CALLS
#define CALLS 3
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#define EFFECT_MAX 1
#define VISIBLE_MAX 2
#ifdef SHORT_SETTLE
#define SETTLE VISIBLE_MAX
#else
#define SETTLE (EFFECT_MAX + VISIBLE_MAX)
#endif
#ifdef SHORT_DROP
#define DROP VISIBLE_MAX
#else
#define DROP (EFFECT_MAX + VISIBLE_MAX)
#endif

mtype = { none, flying, lost, live, dead };

/* The world: what became of each call, and what ECS's lists show of it (none, live or dead). */
mtype task[CALLS] = none;
mtype shown[CALLS] = none;
mtype picture[CALLS] = none;  /* What the scheduler's picture shows of it. */
byte age[CALLS];     /* Ticks since the call was sent, then since the oldest change not yet shown. */
byte sent = 0;       /* Calls used up. */
byte crashes = 0;

/* The scheduler's store: durable. */
bool intent = false;
byte known = 0;         /* Of the intent: the tasks that were seen there before, a bit each. */
byte born = 0;          /* Of the intent: calls sent before it; older tasks are not its own. */
byte outcome = CALLS;   /* The task laid over the picture; CALLS: none. */

#define exists(i) (task[i] == live || task[i] == dead)
#define hidden(i) (exists(i) && shown[i] != task[i])
#define fresh(i) ((shown[i] == live || (shown[i] == dead && i >= born)) && !(known & (1 << i)))
#define two_live ((task[0] == live && task[1] == live) || (task[0] == live && task[2] == live) || \
                  (task[1] == live && task[2] == live))
#define pictures_live (picture[0] == live || picture[1] == live || picture[2] == live)
#define shows_fresh (fresh(0) || fresh(1) || fresh(2))

/* Executes a call or never does, ends a task (its age goes on if its start is still hidden), lets
 * the lists and the picture catch up. */
#define WORLD(i) \
  :: atomic { task[i] == flying -> task[i] = live; age[i] = 0 } \
  :: atomic { task[i] == flying -> task[i] = lost } \
  :: atomic { task[i] == live && shown[i] == live -> task[i] = dead; age[i] = 0 } \
  :: atomic { task[i] == live && shown[i] == none -> task[i] = dead } \
  :: atomic { hidden(i) -> shown[i] = task[i]; age[i] = 0 } \
  :: atomic { exists(i) && picture[i] != task[i] -> picture[i] = task[i] }

active proctype ecs() {
end:
  do
  WORLD(0)
  WORLD(1)
  WORLD(2)
  od
}

byte waited = 0;  /* Ticks since this process first saw the intent; not durable. */
byte kept = 0;    /* Ticks since this process first saw the outcome; not durable. */
#ifdef STALE_LOOK
bool missing = false;  /* A look for the outcome's task has not found it. */
#endif

#define overdue(i) ((task[i] == flying && age[i] >= EFFECT_MAX) || (hidden(i) && age[i] >= VISIBLE_MAX))

/* Time passes only when no bound of the world would be broken by it. */
active proctype clock() {
  byte i;
end:
  do
  :: atomic { !(overdue(0) || overdue(1) || overdue(2)) ->
       for (i : 0 .. CALLS - 1) {
         if
         :: task[i] == flying || hidden(i) -> age[i]++
         :: else
         fi
       };
       if :: waited < SETTLE + 1 -> waited++ :: else fi;
       if :: outcome < CALLS && kept < DROP + 1 -> kept++ :: else fi }
  od
}

#define keep(i) outcome = i; kept = 0
#define forget outcome = CALLS; kept = 0
#define CRASH :: crashes < CRASHES -> crashes++; goto boot

active proctype scheduler() {
  byte mine;
  byte i;
  bool holds;  /* What this process believes to be open: equals `intent` unless NO_INTENT. */
boot:
  atomic { holds = intent; waited = 0; kept = 0 };
end:
  do
  CRASH
  :: holds ->
       /* Resolve: look, do not try again. */
       if
       :: atomic { shows_fresh ->
            i = 0;
            do :: i < CALLS && !fresh(i) -> i++ :: else -> break od;
            if :: shown[i] == live -> keep(i) :: else fi;
            intent = false; holds = false }
#ifdef NO_SETTLE
       :: atomic { !shows_fresh -> intent = false; holds = false }
#elif !defined(NO_CLOSE)
       :: atomic { !shows_fresh && waited > SETTLE -> intent = false; holds = false }
#endif
       CRASH
       fi
  /* An outcome is over when the picture shows its task, or a look says that it ended, or a look
   * that is late enough does not find it. */
  :: atomic { outcome < CALLS && (picture[outcome] != none || shown[outcome] == dead) -> forget }
#ifdef STALE_LOOK
  :: atomic { outcome < CALLS && !missing && shown[outcome] == none -> missing = true }
  :: atomic { outcome < CALLS && missing && kept > DROP -> forget; missing = false }
#else
  :: atomic { outcome < CALLS && kept > DROP && shown[outcome] == none -> forget }
#endif
  :: atomic { !holds && outcome == CALLS && !pictures_live && sent < CALLS ->
       /* Plan a start: the intent first, in one commit with what is known there. */
       known = 0; born = sent;
#ifndef NO_KNOWN
       for (i : 0 .. CALLS - 1) { if :: picture[i] != none -> known = known | (1 << i) :: else fi };
#endif
#ifndef NO_INTENT
       intent = true;
#endif
       holds = true; waited = 0; mine = sent };
     if
     CRASH
     :: atomic { task[mine] = flying; age[mine] = 0; sent++ };
        if
        CRASH
        :: atomic { exists(mine) || task[mine] == flying ->
             /* Answered: done, or about to be done, or never after all. The task may have ended. */
             intent = false; holds = false;
#ifndef NO_OUTCOME
             keep(mine)
#endif
           }
        :: atomic { task[mine] == lost -> intent = false; holds = false }  /* Answered: not done. */
        :: waited = 0  /* The answer is lost or late: unknown. The intent stays open. */
        fi
     fi
  od
}

active proctype judge() {
end:
  atomic { two_live -> assert(false) }
}

ltl closes { [] (intent -> <> !intent) }
