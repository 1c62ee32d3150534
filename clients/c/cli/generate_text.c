#include "generate_text.h"

#include "base/macros.h"

chance chance_of(uint64_t seed, uint64_t kind, uint64_t a, uint64_t b)
{
    chance c = {seed};
    c.state = chance_next(&c) ^ kind;
    c.state = chance_next(&c) ^ a;
    c.state = chance_next(&c) ^ b;
    return c;
}

void text_flush(text_out *t)
{
    if (t->size && !t->failed)
        t->failed = fwrite(t->bytes, t->size, 1, t->file) != 1;
    t->size = 0;
}

void text_put_number(text_out *t, uint64_t value, unsigned digits)
{
    char text[24], *at = text + sizeof(text);
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    while (at > text && (size_t)(text + sizeof(text) - at) < digits)
        *--at = '0';
    text_put(t, at, (size_t)(text + sizeof(text) - at));
}

void text_put_hundredths(text_out *t, uint64_t value)
{
    text_put_number(t, value / 100, 1);
    if (value % 10) {
        PUT(t, ".");
        text_put_number(t, value % 100, 2);
    } else if (value % 100) {
        PUT(t, ".");
        text_put_number(t, value % 100 / 10, 1);
    }
}

// Howard Hinnant's way with the calendar: years begin in March, so that the leap day is their last.
day day_of(int32_t number)
{
    uint32_t z = (uint32_t)number + 719468, era = z / 146097, doe = z - era * 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    uint32_t month = mp < 10 ? mp + 3 : mp - 9;
    return (day){yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1};
}

int32_t day_number(day d)
{
    uint32_t y = d.year - (d.month <= 2), era = y / 400, yoe = y - era * 400;
    uint32_t doy = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;
    return (int32_t)(era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

void text_put_date(text_out *t, day d)
{
    PUT(t, "{\"year\":");
    text_put_number(t, d.year, 1);
    if (d.month) {
        PUT(t, ",\"month\":");
        text_put_number(t, d.month, 1);
    }
    if (d.day) {
        PUT(t, ",\"day\":");
        text_put_number(t, d.day, 1);
    }
    PUT(t, "}");
}

typedef struct syllable {
    const char *latin, *toned, *chinese;
} syllable;

// In Chinese none twice; two may sound alike, as in life.
static const syllable syllables[] = {
    {"hai", "hǎi", "海"},     {"yun", "yún", "云"},     {"long", "lóng", "龙"},
    {"jiang", "jiāng", "江"}, {"shan", "shān", "山"},   {"he", "hé", "河"},
    {"tai", "tài", "泰"},     {"ping", "píng", "平"},   {"ning", "níng", "宁"},
    {"chang", "cháng", "长"}, {"guang", "guāng", "光"}, {"dong", "dōng", "东"},
    {"xi", "xī", "西"},       {"nan", "nán", "南"},     {"bei", "běi", "北"},
    {"lin", "lín", "林"},     {"feng", "fēng", "丰"},   {"jin", "jīn", "金"},
    {"yin", "yín", "银"},     {"shui", "shuǐ", "水"},   {"qing", "qīng", "青"},
    {"bai", "bái", "白"},     {"hong", "hóng", "红"},   {"lü", "lǜ", "绿"},
    {"zhou", "zhōu", "州"},   {"cheng", "chéng", "城"}, {"gang", "gǎng", "港"},
    {"wan", "wān", "湾"},     {"dao", "dǎo", "岛"},     {"men", "mén", "门"},
    {"xing", "xīng", "兴"},   {"fu", "fú", "福"},       {"de", "dé", "德"},
    {"ren", "rén", "仁"},     {"yi", "yì", "义"},       {"hua", "huá", "华"},
    {"tian", "tiān", "天"},   {"di", "dì", "地"},       {"ma", "mǎ", "马"},
    {"niu", "niú", "牛"},     {"hu", "hú", "湖"},       {"quan", "quán", "泉"},
    {"qiao", "qiáo", "桥"},   {"guan", "guān", "关"},   {"ling", "lǐng", "岭"},
    {"tang", "táng", "塘"},   {"zhen", "zhèn", "镇"},   {"wu", "wǔ", "武"},
    {"wen", "wén", "文"},     {"ming", "míng", "明"},   {"song", "sōng", "松"},
    {"zhu", "zhú", "竹"},     {"mei", "méi", "梅"},     {"lan", "lán", "兰"},
    {"he", "hé", "荷"},       {"jing", "jǐng", "井"},   {"kou", "kǒu", "口"},
    {"shi", "shí", "石"},     {"sha", "shā", "沙"},     {"tao", "táo", "桃"},
    {"li", "lí", "梨"},       {"xian", "xiān", "仙"},   {"ru", "rú", "如"},
    {"sui", "suì", "穗"},
};

static void append(char *to, size_t room, const char *text)
{
    size_t at = strlen(to);
    snprintf(to + at, room - at, "%s", text);
}

place_name place_of(uint64_t seed, uint64_t number)
{
    enum { N = ARRAY_LEN(syllables), PAIRS = N * N, TRIPLES = N * N * N };
    _Static_assert(N == 64, "an odd factor visits every one of a power of two");
    place_name p = {0};
    chance c = chance_of(seed, 'P', 0, 0);
    uint64_t offset = chance_next(&c);
    bool pair = number < PAIRS;
    uint64_t n = pair ? (number * 2731 + offset) % PAIRS : (number * 174763 + offset) % TRIPLES;
    for (unsigned i = 0; i < (pair ? 2 : 3); i++, n /= N) {
        const syllable *s = &syllables[n % N];
        append(p.latin, sizeof(p.latin), s->latin);
        append(p.toned, sizeof(p.toned), s->toned);
        append(p.chinese, sizeof(p.chinese), s->chinese);
    }
    p.latin[0] = (char)(p.latin[0] - 'a' + 'A'); // all begin with a letter of ASCII
    p.toned[0] = (char)(p.toned[0] - 'a' + 'A');
    return p;
}
