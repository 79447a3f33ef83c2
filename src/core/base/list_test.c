// SPDX-License-Identifier: MIT
// The list keeps its order, and survives deletion on the way.
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct thing {
    int number;
    struct list link;
};

static void it_keeps_order(void **state)
{
    (void)state;
    struct list head;
    struct thing t[5];
    list_init(&head);
    assert_true(list_is_empty(&head));
    for (int i = 0; i < 5; i++) {
        t[i].number = i; // cppcheck-suppress unreadVariable; read through its link
        if (i % 2 == 0)
            list_push_back(&head, &t[i].link);
        else
            list_push_front(&head, &t[i].link);
    }
    static const int want[] = {3, 1, 0, 2, 4};
    size_t n = 0;
    LIST_FOR (it, &head)
        assert_int_equal(CONTAINER_OF(it, struct thing, link)->number, want[n++]);
    assert_int_equal(n, 5);
}

static void deletion_on_the_way_is_safe(void **state)
{
    (void)state;
    struct list head;
    struct thing t[6];
    list_init(&head);
    for (int i = 0; i < 6; i++) {
        t[i].number = i;
        list_push_back(&head, &t[i].link);
    }
    LIST_FOR_SAFE (it, &head)
        if (CONTAINER_OF(it, struct thing, link)->number % 2 == 0)
            list_del(it);
    list_del(&t[0].link); // off already: harmless
    int sum = 0;
    LIST_FOR (it, &head)
        sum += CONTAINER_OF(it, struct thing, link)->number;
    assert_int_equal(sum, 1 + 3 + 5);
    LIST_FOR_SAFE (it, &head)
        list_del(it);
    assert_true(list_is_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_keeps_order),
        cmocka_unit_test(deletion_on_the_way_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
