#ifndef ZPM_BASE_LIST_H
#define ZPM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A doubly linked list whose links live inside its members.  A list and an
 * unlinked member both point at themselves, so removing twice is harmless.
 */
struct zpm_list {
  struct zpm_list *prev;
  struct zpm_list *next;
};

#define ZPM_CONTAINER_OF(pointer, type, member)                                \
  ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Safe against removal of `it` inside the loop, not of its neighbours. */
#define ZPM_LIST_EACH(it, list)                                                \
  for (struct zpm_list *it = (list)->next, *it##_next = it->next;              \
       it != (list); it = it##_next, it##_next = it->next)

static inline void zpm_list_init(struct zpm_list *list)
{
  list->prev = list;
  list->next = list;
}

static inline bool zpm_list_empty(const struct zpm_list *list)
{
  return list->next == list;
}

static inline void zpm_list_append(struct zpm_list *list,
                                   struct zpm_list *member)
{
  member->prev = list->prev;
  member->next = list;
  list->prev->next = member;
  list->prev = member;
}

static inline void zpm_list_remove(struct zpm_list *member)
{
  member->prev->next = member->next;
  member->next->prev = member->prev;
  zpm_list_init(member);
}

#endif
