"""Questions in eight languages, all different, as long as people's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

_PARTS = {
    "{0} {1} {2} {3}": (  # English
        "a black cat|an old fisherman|two children|a red car|my birthday cake|a tired student"
        "|the neighbour's dog|a wooden boat|a street musician|somebody in a yellow coat",
        "waiting|half asleep|covered in snow|next to a bicycle|under an umbrella|laughing loudly"
        "|in front of a mirror|with a red ball|between tall trees|seen from above",
        "in the kitchen|at the harbour|on a market square|by the lake|on the roof|at the station"
        "|in our garden|at school|in the mountains|on the beach",
        "at night|in the rain|last summer|at sunrise|on a foggy day|in black and white"
        "|with many colours|during the party|shortly before dinner|in winter",
    ),
    "{0} {1} {2}, {3}": (  # German
        "eine schwarze Katze|ein alter Fischer|zwei Kinder|ein rotes Auto|mein Geburtstagskuchen"
        "|ein müder Student|der Hund der Nachbarn|ein Holzboot|ein Straßenmusiker|jemand in Gelb",
        "beim Warten|im Halbschlaf|voller Schnee|neben einem Fahrrad|unter einem Regenschirm"
        "|mit lautem Lachen|vor einem Spiegel|mit rotem Ball|zwischen hohen Bäumen"
        "|von oben gesehen",
        "in der Küche|am Hafen|auf dem Marktplatz|am See|auf dem Dach|am Bahnhof"
        "|in unserem Garten|in der Schule|in den Bergen|am Strand",
        "nachts|im Regen|letzten Sommer|bei Sonnenaufgang|an einem Nebeltag|in Schwarzweiß"
        "|ganz bunt|während des Festes|kurz vor dem Abendessen|im Winter",
    ),
    "{0} {1}, {2} {3}": (  # French
        "un chat noir|un vieux pêcheur|deux enfants|une voiture rouge|mon gâteau d'anniversaire"
        "|une étudiante fatiguée|le chien des voisins|un bateau en bois|un musicien de rue"
        "|quelqu'un en manteau jaune",
        "qui attend|à moitié endormi|sous la neige|à côté d'un vélo|sous un parapluie"
        "|qui rit très fort|devant un miroir|avec un ballon rouge|entre de grands arbres"
        "|vu d'en haut",
        "dans la cuisine|au port|sur la place du marché|au bord du lac|sur le toit|à la gare"
        "|dans notre jardin|à l'école|à la montagne|sur la plage",
        "la nuit|sous la pluie|l'été dernier|au lever du soleil|un jour de brouillard"
        "|en noir et blanc|plein de couleurs|pendant la fête|juste avant le dîner|en hiver",
    ),
    "{0} {2} {1} {3}": (  # Spanish
        "un gato negro|un viejo pescador|dos niños|un coche rojo|mi pastel de cumpleaños"
        "|una estudiante cansada|el perro de los vecinos|una barca de madera|un músico callejero"
        "|alguien con abrigo amarillo",
        "esperando|medio dormido|con mucha nieve|junto a una bicicleta|bajo un paraguas"
        "|riendo a carcajadas|delante de un espejo|con una pelota roja|entre árboles altos"
        "|visto desde arriba",
        "en la cocina|en el puerto|en la plaza del mercado|junto al lago|en el tejado"
        "|en la estación|en nuestro jardín|en la escuela|en las montañas|en la playa",
        "de noche|bajo la lluvia|el verano pasado|al amanecer|un día de niebla"
        "|en blanco y negro|con muchos colores|durante la fiesta|poco antes de cenar|en invierno",
    ),
    "{0} {1} {2} {3} ": (  # Russian
        "чёрная кошка|старый рыбак|двое детей|красная машина|мой праздничный торт"
        "|уставшая студентка|соседская собака|деревянная лодка|уличный музыкант|кто-то в жёлтом",
        "в ожидании|в полусне|весь снег вокруг|рядом с велосипедом|под зонтом|с громким смехом"
        "|перед зеркалом|с красным мячом|среди высоких деревьев|вид сверху",
        "на кухне|в порту|на рыночной площади|у озера|на крыше|на вокзале|в нашем саду"
        "|в школе|в горах|на пляже",
        "ночью|под дождём|прошлым летом|на рассвете|в туманный день|чёрно-белое фото"
        "|очень ярко|во время праздника|незадолго до ужина|зимой",
    ),
    "{3}{2}{1}的{0}": (  # Chinese
        "黑猫|老渔夫|两个孩子|红色汽车|生日蛋糕|疲惫的学生|邻居家的狗|木船|街头音乐家|穿黄大衣的人",
        "正在等待|半睡半醒|满身是雪|靠着自行车|打着雨伞|大声笑着|站在镜子前|带着红球|大树之间|从上面看到",
        "在厨房里|在港口|在集市广场上|在湖边|在屋顶上|在车站|在我们的花园里|在学校|在山里|在海滩上",
        "夜晚|雨中|去年夏天|日出时|大雾天|黑白照片里|五颜六色地|聚会上|晚饭前不久|冬天",
    ),
    "{3}、{2}{1}{0}": (  # Japanese
        "黒猫|年老いた漁師|二人の子供|赤い車|私の誕生日ケーキ|疲れた学生|隣の家の犬|木の舟"
        "|路上の音楽家|黄色いコートの人",
        "待っている|うとうとしている|雪に覆われた|自転車の横の|傘の下の|大笑いしている|鏡の前の"
        "|赤いボールを持った|高い木々の間の|上から見た",
        "台所で|港で|市場の広場で|湖のほとりで|屋根の上で|駅で|うちの庭で|学校で|山の中で|浜辺で",
        "夜に|雨の中|去年の夏|日の出の頃|霧の日|白黒写真で|色とりどりに|パーティーの間"
        "|夕食の少し前|冬に",
    ),
    "{0} {1} {2}، {3}": (  # Arabic
        "قطة سوداء|صياد عجوز|طفلان|سيارة حمراء|كعكة عيد ميلادي|طالبة متعبة|كلب الجيران"
        "|قارب خشبي|عازف في الشارع|شخص بمعطف أصفر",
        "في الانتظار|نصف نائم|وسط الثلج|بجانب دراجة|تحت مظلة|مع ضحك عال|أمام مرآة"
        "|مع كرة حمراء|بين أشجار عالية|من الأعلى",
        "في المطبخ|في الميناء|في ساحة السوق|قرب البحيرة|على السطح|في المحطة|في حديقتنا"
        "|في المدرسة|في الجبال|على الشاطئ",
        "ليلا|تحت المطر|في الصيف الماضي|عند شروق الشمس|في يوم ضبابي|بالأبيض والأسود"
        "|بألوان كثيرة|أثناء الحفلة|قبل العشاء بقليل|في الشتاء",
    ),
}
_CHOICES = 10**4
COUNT = len(_PARTS) * _CHOICES
"""How many there are."""
_STEP = 7919
"""Prime to their number: neighbours have no part in common."""


def questions(start: int = 0) -> Iterator[str]:
    """Yield every question once from the one numbered ``start`` on; neighbours differ much."""
    languages = [
        (pattern.strip(), [part.split("|") for part in parts]) for pattern, parts in _PARTS.items()
    ]
    for number in range(start, COUNT):
        choice, language = divmod(number, len(languages))
        pattern, parts = languages[language]
        digits = f"{choice * _STEP % _CHOICES:04}"
        yield pattern.format(*(part[int(n)] for part, n in zip(parts, digits, strict=True)))


def some(count: int, start: int = 0) -> list[str]:
    """Return ``count`` different questions."""
    return list(islice(questions(start), count))
