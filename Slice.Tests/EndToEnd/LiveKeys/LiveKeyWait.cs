namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>A wait of the proxy that has begun. One of the two is called, once.</summary>
/// <param name="GoOnAsync">Brings what the proxy waits for, and sees that the exchange goes on as if nothing had been.</param>
/// <param name="EndAsync">Lets time pass until the proxy gives up, and sees how.</param>
internal sealed record LiveKeyWait(Func<Task> GoOnAsync, Func<Task> EndAsync);
