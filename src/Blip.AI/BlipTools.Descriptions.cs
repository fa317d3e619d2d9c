namespace Blip.AI;

/// <summary>The names and descriptions that a language model reads: the same in Semantic Kernel, Microsoft.Extensions.AI and MCP.</summary>
public sealed partial class BlipTools
{
    internal const string AskImageName = "ask_image";
    internal const string AskImageManyName = "ask_image_many";
    internal const string AskImagesName = "ask_images";
    internal const string ListImagesName = "list_images";

    internal const string AskImageDescription =
        "Looks at an image and answers one short question about it in a few words, such as how many, which color, is there, what, where. "
        + "Cannot read text, describe at length or identify people. Ask several small questions instead of one big one.";

    internal const string AskImageManyDescription =
        "Like ask_image, for up to 16 questions about one image; costs little more than one question.";

    internal const string AskImagesDescription = "Asks the same short question about each of up to 16 images, to compare them.";
    internal const string ListImagesDescription = "Lists the images in this conversation by their short names.";

    internal const string ListImagesAndFilesDescription =
        "Lists the images here, with names that the other tools take: those of this conversation, then the files under your roots and "
        + "the allowed folders, newest first.";

    internal const string ImageDescription =
        "An image: its short name in this conversation (image-1), an https address, a data URI, or a file path. "
        + "Only sources that the operator allowed can be read.";

    internal const string ImagesDescription = "1 to 16 images, each as in ask_image.";
    internal const string QuestionDescription = "One short, concrete question in English about what can be seen.";
    internal const string MinConfidenceDescription = "Withholds an answer with a lower confidence, 0 to 1. Leave out to get every answer.";
    internal const string ExplainDescription = "True adds where the question looked. Leave out unless somebody wants to see it.";
    internal const string QuestionsDescription = "1 to 16 short, concrete questions in English.";
}
