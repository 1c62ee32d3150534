#include "generate_words.h"

#include "base/macros.h"

const coded_word industries[INDUSTRIES] = {
    {"biomedicine", "biomedicine", "生物医药", "manufacturing"},
    {"new_energy", "new energy", "新能源", "manufacturing"},
    {"new_materials", "new materials", "新材料", "manufacturing"},
    {"equipment_manufacturing", "equipment manufacturing", "装备制造", "manufacturing"},
    {"electronic_information", "electronic information", "电子信息", "manufacturing"},
    {"textiles_apparel", "textiles and garments", "纺织服装", "manufacturing"},
    {"agri_processing", "processing of farm products", "农产品加工", "manufacturing"},
    {"integrated_circuits", "integrated circuits", "集成电路", "manufacturing"},
    {"aviation", "aviation", "航空", "manufacturing"},
    {"shipbuilding", "shipbuilding", "船舶制造", "manufacturing"},
    {"modern_logistics", "modern logistics", "现代物流", "logistics"},
    {"cross_border_logistics", "cross-border logistics", "跨境物流", "logistics"},
    {"shipping_services", "shipping services", "航运服务", "logistics"},
    {"international_trade", "international trade", "国际贸易", "trade"},
    {"cross_border_ecommerce", "cross-border e-commerce", "跨境电商", "trade"},
    {"finance", "financial services", "金融服务", "finance"},
    {"software_it_services", "software and IT services", "软件和信息服务", "digital"},
    {"big_data", "big data", "大数据", "digital"},
    {"tourism", "tourism", "旅游", "services"},
    {"health_services", "health services", "健康服务", "services"},
};

const coded_word positionings[POSITIONINGS] = {
    {"international_trade_hub", "international trade hub", "国际贸易枢纽", NULL},
    {"national_logistics_hub", "national logistics hub", "国家物流枢纽", NULL},
    {"border_port", "land border port", "陆地边境口岸", NULL},
    {"seaport", "seaport", "海港", NULL},
    {"innovation_centre", "centre of innovation", "创新中心", NULL},
    {"financial_centre", "financial centre", "金融中心", NULL},
    {"free_trade_gateway", "gateway of free trade", "自由贸易门户", NULL},
    {"green_development", "green development", "绿色发展", NULL},
};

const coded_word subjects[SUBJECTS] = {
    {"investment", "investment", "投资", NULL},
    {"land_use", "land use", "土地使用", NULL},
    {"construction", "construction", "工程建设", NULL},
    {"trade_licensing", "trade licensing", "贸易许可", NULL},
    {"transport", "transport", "交通运输", NULL},
    {"market_regulation", "market regulation", "市场监管", NULL},
    {"environment", "environment", "生态环境", NULL},
    {"health", "health", "卫生健康", NULL},
};

const event_type event_types[EVENT_TYPES] = {
    {"signing",
     28,
     {"{n} firms sign contracts in {a}", "{n} {i} projects signed for {a}",
      "{p} and {n} partners agree on {i} in {z}"},
     "{a}签约{n}个{i}项目",
     "signing_companies",
     "company",
     "OCCASION",
     60,
     "contract_value"},
    {"statistics",
     20,
     {"{z} reports {n} newly registered firms", "Growth of {i} in {a}",
      "Trade of {z} in the period"},
     "{z}公布统计数据",
     "registered_companies",
     "company",
     "PERIOD",
     4000,
     "trade_value"},
    {"policy_issued",
     14,
     {"{p} issues measures for {i} in {z}", "Rules on {i} take effect in {a}",
      "{n} measures for {z} made public"},
     "{p}发布{i}措施",
     NULL,
     NULL,
     NULL,
     120,
     NULL},
    {"project_start",
     12,
     {"Work begins on a {i} park in {a}", "{n} projects start in {z}",
      "{p} breaks ground for {i} in {a}"},
     "{a}{i}项目开工",
     "projects",
     "project",
     "OCCASION",
     30,
     "investment_value"},
    {"route_opened",
     8,
     {"First freight flight from {a}", "A train with {n} containers leaves {z}",
      "New shipping route from {a}"},
     "{a}开通新航线",
     "cargo_weight",
     "t",
     "OCCASION",
     900,
     NULL},
    {"approval",
     6,
     {"{p} approves {n} matters of {z}", "First licence for {i} in {a}", "{a} may handle {i}"},
     "{p}批准{z}事项",
     NULL,
     NULL,
     NULL,
     40,
     NULL},
    {"meeting",
     5,
     {"{p} meets on {i} in {z}", "Meeting no. {n} on {z}", "Working meeting on {a}"},
     "{z}召开{i}会议",
     NULL,
     NULL,
     NULL,
     90,
     NULL},
    {"fair",
     4,
     {"Fair of {i} in {a}", "{n} exhibitors show {i} in {z}", "Week of {i} in {z}"},
     "{a}举办{i}展会",
     "exhibitors",
     "company",
     "OCCASION",
     500,
     "contract_value"},
    {"plan_target",
     3,
     {"{z} aims at {n} {i} firms", "Plan for {i} in {a}", "{p} sets targets for {z}"},
     "{z}公布{i}规划",
     "target_companies",
     "company",
     "PLAN",
     9000,
     NULL},
};

const party_word parties[PARTIES] = {
    {"Zone Administrative Committee", "管理委员会", "organiser"},
    {"Customs office", "海关", "authority"},
    {"Department of Commerce", "商务厅", "issuer"},
    {"People's Government", "人民政府", "issuer"},
    {"Development and Reform Commission", "发展和改革委员会", "issuer"},
    {"Haixing Logistics Group", "海兴物流集团", "signatory"},
    {"Tianyi Biomedical", "天翼生物医药", "signatory"},
    {"Longmen New Materials", "龙门新材料", "signatory"},
    {"Dongfang Shipping", "东方航运", "operator"},
    {"Jinquan Bank", "金泉银行", "financier"},
    {"Institute of Foreign Trade", "对外贸易研究院", "adviser"},
    {"Chamber of Industry", "工业商会", "participant"},
};

static const coded_word zone_kinds[] = {
    {"pilot_free_trade_zone", "pilot free-trade zone", "自由贸易试验区", NULL},
};
static const coded_word region_kinds[] = {
    {"province", "province", "省", NULL},
};
static const coded_word area_kinds[] = {
    {"area", "area", "片区", NULL},
    {"key_park", "key park", "重点园区", NULL},
};
static const coded_word part_kinds[] = {
    {"customs_special_supervision_area", "customs special supervision area", "海关特殊监管区域",
     NULL},
};
static const coded_word types[] = {
    {"signing", "signing of contracts", "签约", NULL},
    {"statistics", "figures made public", "统计数据", NULL},
    {"policy_issued", "policy issued", "政策发布", NULL},
    {"project_start", "start of a project", "项目开工", NULL},
    {"route_opened", "route opened", "航线开通", NULL},
    {"approval", "approval", "批准", NULL},
    {"meeting", "meeting", "会议", NULL},
    {"fair", "fair", "展会", NULL},
    {"plan_target", "plan with targets", "规划目标", NULL},
};
static const coded_word measures[] = {
    {"signing_companies", "firms that signed", "签约企业", NULL},
    {"contract_value", "worth of contracts", "合同金额", NULL},
    {"registered_companies", "firms registered", "注册企业", NULL},
    {"foreign_companies", "of them foreign-funded", "外资企业", NULL},
    {"trade_value", "worth of trade", "贸易额", NULL},
    {"projects", "projects", "项目数", NULL},
    {"investment_value", "investment", "投资额", NULL},
    {"cargo_weight", "weight of cargo", "货运量", NULL},
    {"exhibitors", "exhibitors", "参展商", NULL},
    {"target_companies", "firms aimed at", "目标企业数", NULL},
};
static const coded_word counts[] = {
    {"company", "company", "家", NULL},
    {"project", "project", "个", NULL},
};
static const coded_word party_roles[] = {
    {"organiser", "organiser", "主办方", NULL},
    {"authority", "authority", "主管机关", NULL},
    {"issuer", "issuer", "发布机关", NULL},
    {"signatory", "signatory", "签约方", NULL},
    {"operator", "operator", "运营方", NULL},
    {"financier", "financier", "出资方", NULL},
    {"adviser", "adviser", "顾问", NULL},
    {"participant", "participant", "参与方", NULL},
    {"delegator", "gives powers", "下放机关", NULL},
    {"receiver", "is given powers", "承接机关", NULL},
};
static const coded_word identifier_kinds[] = {
    {"flight_number", "flight number", "航班号", NULL},
};
static const coded_word relations[] = {
    {"follows", "follows", "承接", NULL},
};

#define VOCABULARY(name, words)                                                                    \
    {                                                                                              \
        name, words, ARRAY_LEN(words)                                                              \
    }

const vocabulary vocabularies[] = {
    VOCABULARY("zone_kinds", zone_kinds),    VOCABULARY("region_kinds", region_kinds),
    VOCABULARY("area_kinds", area_kinds),    VOCABULARY("part_kinds", part_kinds),
    VOCABULARY("positioning", positionings), VOCABULARY("industries", industries),
    VOCABULARY("subjects", subjects),        VOCABULARY("event_types", types),
    VOCABULARY("measures", measures),        VOCABULARY("counts", counts),
    VOCABULARY("party_roles", party_roles),  VOCABULARY("identifier_kinds", identifier_kinds),
    VOCABULARY("relations", relations),
};
const size_t vocabulary_count = ARRAY_LEN(vocabularies);
