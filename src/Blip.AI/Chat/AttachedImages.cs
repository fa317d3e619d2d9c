using Blip.AI.Images;
using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>
/// Gives the images of a chat a short handle, and one line each that tells the model of it. No connector passes an image to a tool by
/// itself.
/// </summary>
internal static class AttachedImages
{
    private const string Start = "[An image: ";

    /// <summary>Whether a text is a line of this class.</summary>
    public static bool IsLine(string? text) => text?.StartsWith(Start, StringComparison.Ordinal) == true;

    /// <summary>The line for an image that came as bytes.</summary>
    /// <returns><see langword="null"/> where the conversation has no handles.</returns>
    public static string? Line(BlipConversation conversation, ReadOnlySpan<byte> image)
    {
        if (!conversation.HasHandles)
            return null;
        try
        {
            return Line(conversation.Attach(image)!);
        }
        catch (BlipException exception)
        {
            return UnusableLine(exception);
        }
    }

    /// <summary>
    /// The line for an image that has an address, as it was written: the tools fetch it, where the operator allowed its host.
    /// </summary>
    /// <returns><see langword="null"/> where the conversation has no handles, which the bytes in a data URI need.</returns>
    public static string? Line(BlipConversation conversation, Uri address)
    {
        if (!address.OriginalString.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
            return Line(address.OriginalString);
        try
        {
            return Line(conversation, DataUri.Decode(address.OriginalString, int.MaxValue));
        }
        catch (BlipException exception)
        {
            return UnusableLine(exception);
        }
    }

    /// <summary>The line for a file that is kept where neither Blip nor this application can read it.</summary>
    public static string HostedLine(string file) =>
        $"{Start}the file {file} is stored by the chat's service, and the image tools cannot open it. Ask the user for the image itself.]";

    /// <summary>The messages with a line for each image, which itself is left out unless <paramref name="keepImages"/> is set.</summary>
    public static IEnumerable<ChatMessage> Attach(IEnumerable<ChatMessage> messages, BlipConversation conversation, bool keepImages)
    {
        foreach (ChatMessage message in messages)
        {
            if (!message.Contents.Any(content => IsImage(content) || content is FunctionResultContent))
            {
                yield return message;
                continue;
            }
            ChatMessage copy = message.Clone();
            copy.Contents = [.. message.Contents.SelectMany(content => Replace(content, conversation, keepImages))];
            yield return copy;
        }
    }

    /// <summary>What a tool returned, with a line for each image.</summary>
    public static object? AttachResult(object? result, BlipConversation conversation, bool keepImages) => result switch
    {
        AIContent content when IsImage(content) => One([.. Replace(content, conversation, keepImages)]),
        IEnumerable<AIContent> contents when contents.Any(IsImage) =>
            contents.SelectMany(content => Replace(content, conversation, keepImages)).ToList(),
        _ => result,
    };

    private static object One(AIContent[] contents) => contents is [TextContent line] ? line.Text : contents.ToList();

    /// <summary>Whether a content is an image: bytes, an address, or a file that the chat's service keeps.</summary>
    public static bool IsImage(AIContent content) => content switch
    {
        DataContent data => data.HasTopLevelMediaType("image"),
        UriContent uri => uri.HasTopLevelMediaType("image"),
        HostedFileContent file => file.MediaType?.StartsWith("image/", StringComparison.OrdinalIgnoreCase) == true,
        _ => false,
    };

    private static IEnumerable<AIContent> Replace(AIContent content, BlipConversation conversation, bool keepImages)
    {
        if (content is FunctionResultContent call)
        {
            object? result = AttachResult(call.Result, conversation, keepImages);
            yield return ReferenceEquals(result, call.Result) ? call : new FunctionResultContent(call.CallId, result);
            yield break;
        }
        string? line = !IsImage(content) ? null : content switch
        {
            DataContent data => Line(conversation, data.Data.Span),
            UriContent uri => Line(conversation, uri.Uri),
            _ => HostedLine(((HostedFileContent)content).FileId),
        };
        if (line is null || keepImages)
            yield return content;
        if (line is not null)
            yield return new TextContent(line);
    }

    private static string UnusableLine(BlipException exception) => $"{Start}it cannot be used. {exception.Message}]";

    private static string Line(string name) => $"{Start}{name}. Use the tools ask_image and ask_image_many to look at it.]";
}
