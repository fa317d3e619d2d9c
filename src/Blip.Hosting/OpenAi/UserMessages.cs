using System.Text.Json;
using Blip.AI;
using Blip.Hosting.Asking;

namespace Blip.Hosting.OpenAi;

/// <summary>Finds the question and its images in a conversation. Both forms of OpenAI's API are read alike.</summary>
internal static class UserMessages
{
    /// <summary>
    /// The last text of a user is the question, and the images are those of the last message that has any: so a question may be about an
    /// image that was sent earlier, and an image alone has the question asked again.
    /// </summary>
    /// <param name="messages">The messages, the oldest first.</param>
    /// <param name="parameter">The name of the request's member that holds them.</param>
    /// <returns>The question, and each image as an address, a data URI or a handle: one or more.</returns>
    /// <exception cref="FailureException">There is no question or no image, or a message cannot be read.</exception>
    public static (string Question, string[] Images) Read(JsonElement messages, string parameter)
    {
        string? question = null;
        List<JsonElement> images = [];
        foreach (JsonElement item in messages.EnumerateArray())
        {
            RequestMembers message = RequestMembers.Of(item, parameter, "A message is not an object with a 'role'.");
            // The Responses API has calls of tools and the like beside messages.
            if (message.Text("type") is { } kind && kind != "message")
            {
                if (kind == "item_reference")
                    throw RequestMembers.Invalid(parameter, "This service stores no items. Send the message itself.");
                continue;
            }
            string role = message.Text("role") ?? throw RequestMembers.Invalid(parameter, "A message has no 'role'.");
            message.Text("name");
            if (role != "user" || message.Find("content") is not { } content)
                continue;
            (string text, List<JsonElement> own) = ReadContent(content, parameter);
            question = text.Length > 0 ? text : question;
            images = own.Count > 0 ? own : images;
        }
        if (question is null)
            throw RequestMembers.Invalid(parameter, "No user message has a text. Ask a short question about the image.");
        return images.Count > 0
            ? (question, [.. images.Select(image => Bodies.Text(image, "image_url"))])
            : throw NoImage(parameter);
    }

    public static FailureException NoImage(string parameter)
    {
        string part = parameter == "messages"
            ? "{\"type\":\"image_url\",\"image_url\":{\"url\":...}}"
            : "{\"type\":\"input_image\",\"image_url\":...}";
        return RequestMembers.Invalid(
            parameter, $"No user message has an image. Send a part {part} with an address, a data URI or a handle.");
    }

    private static (string Text, List<JsonElement> Images) ReadContent(JsonElement content, string parameter)
    {
        if (content.ValueKind == JsonValueKind.String)
            return (Bodies.Text(content, "content").Trim(), []);
        if (content.ValueKind != JsonValueKind.Array)
            throw RequestMembers.Invalid(parameter, "The 'content' of a user message must be a string or an array of parts.");
        List<string> texts = [];
        List<JsonElement> images = [];
        foreach (JsonElement item in content.EnumerateArray())
        {
            RequestMembers part = RequestMembers.Of(item, parameter, "A part of a message is not an object with a 'type'.");
            string kind = part.Text("type") ?? throw RequestMembers.Invalid(parameter, "A part of a message has no 'type'.");
            if (kind is "text" or "input_text" && part.Text("text") is { } text)
                texts.Add(text);
            else if (kind is "image_url" or "input_image")
                images.Add(ReadImage(part, parameter));
            else
                throw RequestMembers.Invalid(parameter, "A part of a message must be a text or an image with its content.");
        }
        return images.Count <= BlipTools.MaxQuestions
            ? (string.Join(' ', texts).Trim(), images)
            : throw RequestMembers.Invalid(
                parameter, FormattableString.Invariant($"A message has more than {BlipTools.MaxQuestions} images."));
    }

    private static JsonElement ReadImage(RequestMembers part, string parameter)
    {
        JsonElement? image = part.Find("image_url");
        RequestMembers holder = part;
        if (image is { ValueKind: JsonValueKind.Object } inner)
        {
            holder = new RequestMembers(inner, parameter, "image_url.");
            image = holder.Find("url");
        }
        holder.CheckWord("detail", "auto", "low", "high", "original");
        return image is { ValueKind: JsonValueKind.String } url
            ? url
            : throw RequestMembers.Invalid(
                parameter, "An image has no 'image_url'. Send an address, a data URI or a handle; this service has no files.");
    }
}
