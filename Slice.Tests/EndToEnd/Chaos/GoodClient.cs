using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>A client that does nothing wrong, from an address of its own, and looks at every field and byte of what it gets.</summary>
internal sealed partial class GoodClient(IPEndPoint product, string address) : IDisposable
{
    private RawClient? _client;

    /// <summary>
    /// Asks, on the connection of the last request unless it <paramref name="isNew"/>, and says what is wrong with the answer.
    /// </summary>
    public async Task<(RawResponse? Response, string? Problem)> AskAsync(GoodRequest request, bool isNew)
    {
        if (isNew)
        {
            Close();
        }

        RawResponse response;
        long from = Stopwatch.GetTimestamp();
        try
        {
            _client ??= await RawClient.ConnectFromAsync(IPAddress.Parse(address), product);
            await _client.SendAsync(request.Text);
            response = await _client.ReadEndingAsync(request.Method);
        }
        catch (Exception error) when (error is SocketException or IOException or InvalidDataException or TimeoutException)
        {
            Close();
            return (null, error.Message);
        }

        if (response.Ending != ResponseEnding.Complete || request.Version == "1.0" || response.Field("Connection") is not null)
        {
            Close();
        }

        long to = Stopwatch.GetTimestamp();
        return (response, request.Check(response, from, to) ?? ForSomebodyElse(response, request.User));
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    /// <summary>
    /// What of an answer was meant for another than <paramref name="user"/>, or put there by somebody; null when nothing was.
    /// </summary>
    public static string? ForSomebodyElse(RawResponse response, string? user)
    {
        string text = response.HeadText + (response.BodyBytes < 8000 ? response.BodyText : "");
        return text.Contains("evil", StringComparison.OrdinalIgnoreCase) ? "somebody else's field is in it"
            : User().Matches(text).Any(match => match.Value != user) ? "another user's name is in it"
            : null;
    }

    private void Close()
    {
        _client?.Dispose();
        _client = null;
    }

    [GeneratedRegex(@"user\d+")]
    private static partial Regex User();
}
