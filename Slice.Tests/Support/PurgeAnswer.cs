using System.Text.Json;

namespace Slice.Tests.Support;

/// <summary>What the JSON of an answer to PURGE says.</summary>
/// <param name="Count">Slices that were purged.</param>
/// <param name="Url">What was asked for, as it was asked for.</param>
/// <param name="Message">The words for people.</param>
internal sealed record PurgeAnswer(int Count, string Url, string Message)
{
    /// <summary>
    /// Reads an answer with this status, and fails when the answer has another form than all answers to PURGE: the media type, the members
    /// in their order, and <c>success</c> as the status has it.
    /// </summary>
    public static PurgeAnswer Read(RawResponse response, int status)
    {
        Assert.Equal((status, "application/json"), (response.StatusCode, response.Field("Content-Type")));
        using var json = JsonDocument.Parse(response.BodyText);
        Assert.Equal(["success", "purged_count", "url", "message"], json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(status == 200, json.RootElement.GetProperty("success").GetBoolean());
        return new PurgeAnswer(
            json.RootElement.GetProperty("purged_count").GetInt32(),
            json.RootElement.GetProperty("url").GetString()!,
            json.RootElement.GetProperty("message").GetString()!);
    }
}
