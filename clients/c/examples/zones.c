// Prints every zone of a registry with its areas.
//
//     zones [SERVER]
#include <ftz/client.h>
#include <stdio.h>

static void print_areas(ftz_client *client, const char *zone, nrpc_status *status)
{
    ftz_list *list = ftz_list_areas(client, &(ftz_list_options){.parent = zone});
    const Ftz__V1__Area *area;
    while ((area = ftz_next_area(list, status)))
        printf("  %s, %g km2\n", area->display_name, area->area_km2);
    ftz_list_free(list);
}

int main(int argc, char **argv)
{
    ftz_client *client;
    nrpc_status status = {0};
    if (ftz_client_open(&client, argc > 1 ? argv[1] : NULL, NULL, &status) == NRPC_OK) {
        ftz_list *list = ftz_list_zones(client, NULL);
        const Ftz__V1__Zone *zone;
        while (!status.code && (zone = ftz_next_zone(list, &status))) {
            printf("%s, %g km2\n", zone->display_name, zone->area_km2);
            print_areas(client, zone->name, &status);
        }
        ftz_list_free(list);
        ftz_client_close(client);
    }
    int code = status.code;
    if (code)
        fprintf(stderr, "%s: %s\n", nrpc_code_name(status.code), status.message);
    nrpc_status_fini(&status);
    return code != 0;
}
